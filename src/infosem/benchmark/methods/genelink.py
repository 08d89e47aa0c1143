"""GENELink: graph attention on known edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from anndata import AnnData
from torch import Tensor, nn
from torch.nn import functional

from infosem.benchmark._method import Labels, Method
from infosem.benchmark.methods._device import torch_device
from infosem.benchmark.methods._expression import standardised_expression

_XAVIER_GAIN = 1.414


@dataclass(frozen=True, kw_only=True)
class GENELink(Method):
    r"""Graph attention on known edges, with the inner product of two read-outs as the score of a pair.

    An attention head maps gene features :math:`X` (G x F) to

    .. math::

        h_i = W^\top x_i, \qquad
        \alpha_{ij} = \mathrm{softmax}_{j \in N(i)}\ \rho(a_1^\top h_i + a_2^\top h_j), \qquad
        z_i = \frac{\rho(m_i)}{\lVert \rho(m_i) \rVert} + b, \quad m_i = \sum_j \alpha_{ij} h_j

    with a leaky ReLU :math:`\rho`, dropout on :math:`\alpha`, and the genes :math:`N(i)` that share a known edge with
    gene :math:`i` in either direction. A gene without known edges attends to all genes equally. Layer 1 reads the
    standardised expression in all cells (F = N) and concatenates its heads before an ELU. Layer 2 averages its heads to
    :math:`z` (G x 64). Two networks with leaky ReLU layers, 64-32-16, read out regulator and target,

    .. math:: \mathrm{logit}_{ij} = f(z_i)^\top g(z_j).

    The loss is the binary cross-entropy over all labels, edges and non-edges.

    This is an independent implementation of Chen and Liu 2022 (doi:10.1093/bioinformatics/btac559) with the published
    settings. It computes attention for edges only, and uses dropout only during training.

    Attributes
    ----------
    n_heads
        Number of attention heads in each layer.
    widths
        Widths of layer 1, layer 2, and the two layers of the read-outs.
    negative_slope
        Negative slope of the leaky ReLU in the attention.
    dropout, readout_dropout
        Dropout rates of the attention and of the read-outs.
    epochs, batch_size, learning_rate
        Settings of training with Adam.
    decay
        Factor by which the learning rate is multiplied after each batch.
    accelerator
        Torch device. ``"auto"`` uses a GPU if available.
    """

    title: ClassVar[str] = "GENELink"
    uses_expression: ClassVar[bool] = True
    uses_labels: ClassVar[bool] = True

    n_heads: tuple[int, int] = (3, 3)
    widths: tuple[int, int, int, int] = (128, 64, 32, 16)
    negative_slope: float = 0.2
    dropout: float = 0.5
    readout_dropout: float = 0.01
    epochs: int = 20
    batch_size: int = 256
    learning_rate: float = 3e-3
    decay: float = 0.99
    accelerator: str = "auto"

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """Fit to all labels and return the logits, ``(R, G)``. See :meth:`infosem.benchmark.Method.score`."""
        if not np.any(labels.is_edge):
            raise ValueError(f"{self.title} learns from labels: there are {len(labels)}, none of them an edge.")
        device = torch_device(self.accelerator)
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            expression = torch.from_numpy(standardised_expression(adata)).to(device)
            graph = _Graph.of_edges(labels, len(expression), device)
            network = _Network(self, expression.shape[1]).to(device)
            self._fit(network, expression, graph, labels)
            network.eval()
            with torch.no_grad():
                of_regulator, of_target = network(expression, graph)
        return (of_regulator[regulators] @ of_target.T).double().cpu().numpy()

    def _fit(self, network: _Network, expression: Tensor, graph: _Graph, labels: Labels) -> None:
        device = expression.device
        source, target = (torch.as_tensor(genes, device=device) for genes in (labels.source, labels.target))
        is_edge = torch.as_tensor(labels.is_edge, dtype=torch.float32, device=device)
        optimiser = torch.optim.Adam(network.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, self.decay)
        network.train()
        for _ in range(self.epochs):
            for batch in torch.randperm(len(is_edge)).to(device).split(self.batch_size):
                of_regulator, of_target = network(expression, graph)
                logits = (of_regulator[source[batch]] * of_target[target[batch]]).sum(1)
                loss = functional.binary_cross_entropy_with_logits(logits, is_edge[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()


@dataclass(frozen=True)
class _Graph:
    """Attention graph: unique known edges in both directions, and the genes without known edges."""

    gene: Tensor
    neighbour: Tensor
    alone: Tensor

    @classmethod
    def of_edges(cls, labels: Labels, n_genes: int, device: torch.device) -> _Graph:
        edges = np.stack([labels.source, labels.target])[:, np.asarray(labels.is_edge, dtype=bool)]
        gene, neighbour = torch.as_tensor(np.unique(np.hstack([edges, edges[::-1]]), axis=1), device=device)
        is_alone = torch.ones(n_genes, dtype=torch.bool, device=device)
        is_alone[gene] = False
        return cls(gene, neighbour, is_alone.nonzero().squeeze(1))


class _Attention(nn.Module):
    def __init__(self, n_in: int, n_out: int, n_heads: int, *, negative_slope: float, dropout: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_heads, n_in, n_out))
        self.attention = nn.Parameter(torch.empty(n_heads, 2 * n_out, 1))
        self.bias = nn.Parameter(torch.zeros(n_heads, n_out))
        self.negative_slope = negative_slope
        self.dropout = nn.Dropout(dropout)
        for head in (*self.weight, *self.attention):
            nn.init.xavier_uniform_(head, gain=_XAVIER_GAIN)

    def forward(self, x: Tensor, graph: _Graph) -> Tensor:
        """Map features ``(G, n_in)`` to ``(G, n_heads, n_out)``."""
        n_genes, (n_heads, _, n_out) = len(x), self.weight.shape
        h = (x @ self.weight.transpose(0, 1).flatten(1)).unflatten(1, (n_heads, n_out))
        own, other = (h.unsqueeze(1) * self.attention.view(n_heads, 2, n_out).transpose(0, 1)).sum(3).unbind(1)
        score = functional.leaky_relu(own[graph.gene] + other[graph.neighbour], self.negative_slope)
        weight = self.dropout(_softmax_per_gene(score, graph.gene, n_genes))
        message = torch.zeros_like(h).index_add(0, graph.gene, weight.unsqueeze(2) * h[graph.neighbour])
        message = message.index_copy(0, graph.alone, self._of_all(h, len(graph.alone)).expand(len(graph.alone), -1, -1))
        return functional.normalize(functional.leaky_relu(message, self.negative_slope), dim=2) + self.bias

    def _of_all(self, h: Tensor, n_alone: int) -> Tensor:
        """Return the message to genes without edges: uniform attention, with independent dropout for each gene."""
        if not self.training:
            return h.mean(0, keepdim=True)
        uniform = self.dropout(h.new_full((h.shape[1], n_alone, len(h)), 1 / len(h)))
        return (uniform @ h.transpose(0, 1)).transpose(0, 1)


def _softmax_per_gene(score: Tensor, gene: Tensor, n_genes: int) -> Tensor:
    """Return the softmax of edge scores ``(n, n_heads)`` over the edges of each gene."""
    index = gene.unsqueeze(1).expand_as(score)
    highest = score.new_zeros(n_genes, score.shape[1]).scatter_reduce(
        0, index, score.detach(), "amax", include_self=False
    )
    exp = torch.exp(score - highest[gene])
    return exp / torch.zeros_like(highest).index_add(0, gene, exp)[gene]


class _Network(nn.Module):
    def __init__(self, method: GENELink, n_cells: int) -> None:
        super().__init__()
        (first, second, third, fourth), (heads_1, heads_2) = method.widths, method.n_heads
        options = {"negative_slope": method.negative_slope, "dropout": method.dropout}
        self.layer_1 = _Attention(n_cells, first, heads_1, **options)
        self.layer_2 = _Attention(first * heads_1, second, heads_2, **options)
        self.of_regulator, self.of_target = (
            nn.Sequential(
                nn.Linear(second, third),
                nn.LeakyReLU(),
                nn.Dropout(method.readout_dropout),
                nn.Linear(third, fourth),
                nn.LeakyReLU(),
            )
            for _ in range(2)
        )
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=_XAVIER_GAIN)

    def forward(self, expression: Tensor, graph: _Graph) -> tuple[Tensor, Tensor]:
        """Return the read-outs of all genes as regulators and as targets, ``(G, 16)`` each."""
        hidden = functional.elu(self.layer_1(expression, graph).flatten(1))
        z = self.layer_2(hidden, graph).mean(1)
        return self.of_regulator(z), self.of_target(z)
