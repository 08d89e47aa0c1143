"""scGREAT: a transformer on expression and text of gene pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from anndata import AnnData
from torch import Tensor, nn

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._device import torch_device
from infosem.benchmark.methods._expression import standardised_expression
from infosem.data import _keys

_SCORED_AT_ONCE = 2048


@dataclass(frozen=True, kw_only=True)
class ScGREAT(Method):
    r"""Classification of gene pairs by a transformer with two tokens, regulator and target.

    .. math::

        t_g^{(k)} &= \mathrm{LeakyReLU}\big(V (U x_g)\big) + e_g + p_k, \qquad k \in \{0, 1\} \\
        h_{ij} &= \mathrm{flatten}\big(\mathrm{Transformer}(t_i^{(0)}, t_j^{(1)})\big) \\
        u &= \varphi(W_1 h), \qquad
        \mathrm{logit}_{ij} = w^\top \varphi\big(W_3\,\varphi(W_2 u) + \mathrm{pool}(u)\big)

    where :math:`x_g` (N) is the standardised expression of gene :math:`g` in all cells, :math:`e_g` (768) its fixed
    text embedding, and :math:`p_k` (768) a learned position. The weights are :math:`U` (512 x N), :math:`V` (768 x
    512), :math:`W_1` (1024 x 1536), :math:`W_2` (512 x 1024) and :math:`W_3` (256 x 512). :math:`\varphi` is dropout
    and PReLU, and pool averages each four neighbouring values. The loss is the binary cross-entropy over all labels,
    edges and non-edges.

    This is an independent implementation of Wang et al. 2024 (doi:10.1016/j.isci.2024.109352) with the published
    settings. Embeddings of a width other than 768 pass through a learned linear map. Missing embeddings (NaN) are set
    to zero.

    Attributes
    ----------
    embedding_key
        Key of the text embedding in ``adata.varm``.
    width, n_heads, n_layers, feedforward
        Dimensions of the transformer.
    dropout, transformer_dropout
        Dropout rates of the head and of the transformer.
    epochs, batch_size, learning_rate
        Settings of training with Adam.
    decay, decay_every
        The learning rate is multiplied by ``decay`` every ``decay_every`` batches.
    max_gradient_norm
        Maximum norm to which gradients are clipped.
    precision
        Precision of matrix products. ``"bf16-mixed"`` uses bfloat16.
    accelerator
        Torch device. ``"auto"`` uses a GPU if available.
    """

    title: ClassVar[str] = "scGREAT"
    uses_expression: ClassVar[bool] = True
    uses_labels: ClassVar[bool] = True
    uses_text: ClassVar[bool] = True

    embedding_key: str = _keys.GENE_EMBEDDING
    width: int = 768
    n_heads: int = 4
    n_layers: int = 2
    feedforward: int = 2048
    dropout: float = 0.2
    transformer_dropout: float = 0.1
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 1e-5
    decay: float = 0.999
    decay_every: int = 10
    max_gradient_norm: float = 0.1
    precision: Literal["32", "bf16-mixed"] = "32"
    accelerator: str = "auto"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """Fit to all labels and return the logits, ``(R, G)``. See :meth:`infosem.benchmark.Method.score`."""
        if not np.any(labels.is_edge):
            raise ValueError(f"{self.title} learns from labels: there are {len(labels)}, none of them an edge.")
        if self.embedding_key not in adata.varm:
            raise ValueError(f"adata.varm has no {self.embedding_key!r}; pass embedding_key=, of {list(adata.varm)}.")
        device = torch_device(self.accelerator)
        text = np.nan_to_num(np.asarray(adata.varm[self.embedding_key], dtype=np.float32))
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            expression = torch.from_numpy(standardised_expression(adata))
            network = _Network(self, expression, torch.from_numpy(text)).to(device)
            self._fit(network, labels, device)
            return self._score_all(network, torch.as_tensor(regulators, device=device))

    def _fit(self, network: _Network, labels: Labels, device: torch.device) -> None:
        pairs = torch.as_tensor(np.stack([labels.source, labels.target], axis=1), device=device)
        is_edge = torch.as_tensor(labels.is_edge, dtype=torch.float32, device=device)
        optimiser = torch.optim.Adam(network.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.StepLR(optimiser, self.decay_every, self.decay)
        network.train()
        for _ in range(self.epochs):
            for batch in torch.randperm(len(pairs)).to(device).split(self.batch_size):
                with self._autocast(device):
                    logits = network(network.tokens(pairs[batch]))
                loss = nn.functional.binary_cross_entropy_with_logits(logits, is_edge[batch])
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), self.max_gradient_norm)
                optimiser.step()
                schedule.step()

    @torch.no_grad()
    def _score_all(self, network: _Network, regulators: Tensor) -> np.ndarray:
        network.eval()
        n_genes, device = len(network.expression), regulators.device
        scores = torch.empty(len(regulators) * n_genes)
        with self._autocast(device):
            genes = network.tokens(torch.arange(n_genes, device=device))
            for pair in torch.arange(len(scores), device=device).split(_SCORED_AT_ONCE):
                tokens = torch.stack([genes[regulators[pair // n_genes]], genes[pair % n_genes]], dim=1)
                scores[pair[0] : pair[-1] + 1] = network(tokens).cpu()
        return scores.reshape(len(regulators), n_genes).double().numpy()

    def _autocast(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16-mixed")


class _Network(nn.Module):
    expression: Tensor
    text: Tensor

    def __init__(self, method: ScGREAT, expression: Tensor, text: Tensor) -> None:
        super().__init__()
        self.register_buffer("expression", expression)
        self.register_buffer("text", text)
        width = method.width
        self.encoder = nn.Sequential(nn.Linear(expression.shape[1], 512), nn.Linear(512, width), nn.LeakyReLU())
        self.project: nn.Module = nn.Identity() if text.shape[1] == width else nn.Linear(text.shape[1], width)
        self.position = nn.Embedding(2, width)
        layer = nn.TransformerEncoderLayer(
            width, method.n_heads, method.feedforward, method.transformer_dropout, batch_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, method.n_layers, enable_nested_tensor=False)
        self.first, self.second, self.third = nn.Linear(2 * width, 1024), nn.Linear(1024, 512), nn.Linear(512, 256)
        self.activation = nn.Sequential(nn.Dropout(method.dropout), nn.PReLU())
        self.last = nn.Linear(256, 1)

    def tokens(self, genes: Tensor) -> Tensor:
        """Return tokens of genes from expression and text, ``(..., width)``."""
        return self.encoder(self.expression[genes]) + self.project(self.text[genes])

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits ``(B,)`` of pairs of tokens ``(B, 2, width)``, regulator and target."""
        wide = self.activation(self.first(self.transformer(tokens + self.position.weight).flatten(1)))
        pooled = wide.unflatten(1, (256, 4)).mean(2)
        narrow = self.activation(self.third(self.activation(self.second(wide))) + pooled)
        # in bfloat16, the logits of many pairs would be tied
        with torch.autocast(tokens.device.type, enabled=False):
            return self.last(narrow.float()).squeeze(1)
