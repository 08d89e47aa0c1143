r"""Evidence from the text embeddings, in nats. It does not use labels.

.. math:: e^{\text{text}}_{ij} = w\, e^{\text{similarity}}_{ij} + h_i w_1 + h_j w_2

*Similarity*: regulators tend to act on genes whose text is similar to their own
(:mod:`infosem.scores._completed_text`). An average pair has one nat of :math:`e^{\text{similarity}}`. The pairs that
are strongest by expression have :math:`\Delta` nats more of it than with texts permuted among the genes, and :math:`s`
is the standard deviation over permutations. The weight is

.. math:: w = \frac{1.5\, \Delta}{\Delta + 0.15} \cdot \frac{\Delta^4}{\Delta^4 + (6 s)^4}

and zero if :math:`\Delta` is not positive. The second factor is one half at six standard deviations, and nearly zero
below two. :math:`e^{\text{similarity}}` is limited to four nats: the 2 % of the pairs with the most similar texts are
families and complexes, and the expression decides which of them interact.

*Levels* (Eq. 9 of the paper): the evidence from the expression that genes with similar texts have, on average over
their targets and over their regulators (:func:`_levels`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from torch import Tensor

from infosem.data._settings import register
from infosem.scores._completed_text import completed_text
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence
from infosem.statistics._covariation import reference_genes
from infosem.statistics._surprisal import strongest, surprisal

_MOST, _HALFWAY = 1.5, 0.15
_MOST_OF_LIKENESS = 4.0
_CHANCE = 6.0
"""Number of standard deviations over permutations at which the second factor of the weight is one half."""
_N_PERMUTATIONS = 20
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
_FEWEST_GENES = 10


@register
@dataclass(frozen=True, kw_only=True)
class TextSimilarity(Evidence):
    """Similarity of the texts of the two genes, and the evidence that genes with similar texts have.

    Both parts are weighted by their agreement with the expression.
    """

    name: ClassVar[str] = "text"

    def applies(self, edges: EdgeData) -> bool:
        """Return whether there are text embeddings."""
        return edges.facts.embeddings is not None

    def log_score(self, edges: EdgeData) -> np.ndarray:
        """See :meth:`Evidence.log_score`."""
        facts = edges.facts
        texts, profiles, regulators = map(torch.as_tensor, (facts.embeddings, facts.profiles, edges.regulators))
        so_far = np.zeros(edges.possible.shape, dtype=np.float32) if edges.so_far is None else edges.so_far
        return text_evidence(texts, profiles, regulators, so_far, edges.possible, edges.gene_names)


def text_evidence(
    embeddings: Tensor,
    profiles: Tensor,
    regulators: Tensor,
    expression: np.ndarray,
    possible: np.ndarray,
    names: Sequence[str],
) -> np.ndarray:
    """Compute the evidence from the text in nats, ``(R, G)``.

    Parameters
    ----------
    embeddings
        Text embedding of each gene, centred, ``(G, d)``. Genes without one have a row of zeros.
    profiles
        Expression profile of each gene (:mod:`infosem.statistics._profiles`), ``(G, k)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    expression
        Evidence from the expression, ``(R, G)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    names
        Names of the genes, ``(G,)``, which determine the permutations of the texts.
    """
    if not possible.any():
        return np.zeros(possible.shape, dtype=np.float32)

    def likeness(texts: Tensor, genes: np.ndarray) -> np.ndarray:
        completed = completed_text(texts, profiles)
        products = completed[regulators] @ completed[genes].T
        return np.minimum(surprisal(products.numpy(), possible[:, genes]), np.float32(_MOST_OF_LIKENESS))

    some = reference_genes(len(embeddings))
    chosen = strongest(expression[:, some][possible[:, some]])

    def agreement(texts: Tensor) -> float:
        return float(likeness(texts, some)[possible[:, some]][chosen].mean())

    weight = np.float32(_weight_of_likeness(embeddings, names, agreement))
    evidence = weight * likeness(embeddings, np.arange(len(embeddings)))
    counts, texts = (possible.sum(1), possible.sum(0)), embeddings.numpy()
    of_regulators = _levels(expression.sum(1) / np.maximum(counts[0], 1), texts[regulators], counts[0] > 0)
    of_genes = _levels(expression.sum(0) / np.maximum(counts[1], 1), texts, counts[1] > 0)
    return np.where(possible, evidence + of_regulators[:, None] + of_genes, 0).astype(np.float32)


def _weight_of_likeness(embeddings: Tensor, names: Sequence[str], agreement: Callable[[Tensor], float]) -> float:
    """Return the weight of the similarity, by its ``agreement`` with the expression in excess of permuted texts."""
    there = embeddings.any(1).nonzero()[:, 0].numpy()
    by_chance = []
    for permutation in _permutations([names[gene] for gene in there]):
        permuted = embeddings.clone()
        permuted[there] = embeddings[there[permutation]]
        by_chance.append(agreement(permuted))
    excess, noise = agreement(embeddings) - np.mean(by_chance), _CHANCE * np.std(by_chance, ddof=1)
    if not excess > 0:
        return 0.0
    return float(_MOST * excess / (excess + _HALFWAY) * excess**4 / (excess**4 + noise**4))


def _permutations(names: Sequence[str]) -> Iterator[np.ndarray]:
    """Permute the texts so that each gene gets the text of the next gene, in orders that depend on the names.

    If a gene is added to the data, only one other gene gets a different text.
    """
    digests = [blake2b(name.encode(), digest_size=8).digest() for name in names]
    hashes = np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=_N_PERMUTATIONS, dtype=np.uint64)
    for odd in 2 * factors + 1:
        order = np.argsort(hashes * odd)
        permutation = np.empty(len(order), dtype=np.intp)
        permutation[order] = np.roll(order, 1)
        yield permutation


def _levels(means: np.ndarray, embeddings: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Predict the deviation of each gene's mean evidence from the average by its text, ``(n,)``.

    The penalty of the ridge regression is the one that best predicts genes that were left out. The result is zero if
    the text does not predict these genes better than the average.
    """
    levels = np.zeros(len(means))
    counts = counts & embeddings.any(1)
    if counts.sum() < _FEWEST_GENES or np.ptp(means[counts]) == 0:
        return levels
    values, features = means[counts] - means[counts].mean(), embeddings[counts]
    fitted = RidgeCV(alphas=_PENALTIES, store_cv_results=True).fit(features, values)
    errors = fitted.cv_results_[:, list(_PENALTIES).index(fitted.alpha_)]
    # squared errors if a gene that was left out is predicted by the average of the others
    alone = np.square(values * len(values) / (len(values) - 1))
    gain = 1 - errors.mean() / alone.mean()
    if gain > 2 * np.std(errors - alone) / alone.mean() / np.sqrt(len(values)):
        levels[counts] = fitted.predict(features)
    return levels
