r"""What text says of an edge without any labels, in nats.

.. math:: e^{\text{text}}_{ij} = w\, e^{\text{likeness}}_{ij} + h_i w_1 + h_j w_2

*Likeness*: a regulator acts more on genes whose text is like its own (:mod:`infosem.scores._text_likeness`). Among
pairs that have nothing to do with each other the mean of :math:`e^{\text{likeness}}` is one. The strongest pairs by the
expression have :math:`\Delta` more than chance, that is than the mean of texts that are permuted among the genes, whose
standard deviation is :math:`s`, and the weight is

.. math:: w = \frac{1.5\, \Delta}{\Delta + 0.15} \cdot \frac{\Delta^4}{\Delta^4 + (6 s)^4}

if it is positive, half as much at six standard deviations as without chance, and next to nothing below two.

:math:`e^{\text{likeness}}` is four nats at most: the 2 % of the pairs that are most alike are families and complexes,
and which of them interact is for the expression to say.

*Levels* (Eq. 9 of the paper): what genes of a like text have, of evidence of the expression, on average over their
targets and over their regulators (:func:`_levels`).
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
from infosem.scores._edge_data import EdgeData
from infosem.scores._evidence import Evidence
from infosem.scores._text_likeness import completed_text
from infosem.statistics._covariation import reference_genes
from infosem.statistics._surprisal import strongest, surprisal

_MOST, _HALFWAY = 1.5, 0.15
_MOST_OF_LIKENESS = 4.0
_CHANCE = 6.0
"""Standard deviations of the permutations at which likeness counts half."""
_N_PERMUTATIONS = 20
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
_FEWEST_GENES = 10


@register
@dataclass(frozen=True, kw_only=True)
class TextSimilarity(Evidence):
    """Likeness of the two genes' texts, and what genes of like texts have, as far as both agree with the expression."""

    name: ClassVar[str] = "text"

    def applies(self, edges: EdgeData) -> bool:
        """Whether there are text embeddings."""
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
    """Evidence of the text, ``(R, G)``, in nats.

    Parameters
    ----------
    embeddings
        Text of each gene, centred, zero where there is none, ``(G, d)``.
    profiles
        Profile of expression of each gene (:mod:`infosem.statistics._profiles`), ``(G, k)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    expression
        Evidence of the expression, ``(R, G)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    names
        The genes' names, ``(G,)``, by which texts are permuted.
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
    """Weight by what the ``agreement`` of the texts with the expression has more than that of permuted ones."""
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
    """Every gene gets the text of the next one in an order by the names, so that one gene more changes one of them."""
    digests = [blake2b(name.encode(), digest_size=8).digest() for name in names]
    hashes = np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=_N_PERMUTATIONS, dtype=np.uint64)
    for odd in 2 * factors + 1:
        order = np.argsort(hashes * odd)
        permutation = np.empty(len(order), dtype=np.intp)
        permutation[order] = np.roll(order, 1)
        yield permutation


def _levels(means: np.ndarray, embeddings: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Deviation of every gene's mean evidence from the average, as genes of like texts have it, ``(n,)``.

    Ridge regression with the penalty of the best predictions of genes that are left out, and these predictions as its
    values; zeros if the average of all predicts better.
    """
    levels = np.zeros(len(means))
    counts = counts & embeddings.any(1)
    if counts.sum() < _FEWEST_GENES or np.ptp(means[counts]) == 0:
        return levels
    values, features = means[counts] - means[counts].mean(), embeddings[counts]
    fitted = RidgeCV(alphas=_PENALTIES, store_cv_results=True).fit(features, values)
    errors = fitted.cv_results_[:, list(_PENALTIES).index(fitted.alpha_)]
    # an average of the others predicts a gene that is left out
    alone = np.square(values * len(values) / (len(values) - 1))
    gain = 1 - errors.mean() / alone.mean()
    if gain > 2 * np.std(errors - alone) / alone.mean() / np.sqrt(len(values)):
        levels[counts] = fitted.predict(features)
    return levels
