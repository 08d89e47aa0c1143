r"""What text says of an edge without any labels, in nats.

.. math:: e^{\text{text}}_{ij} = w\, e^{\text{likeness}}_{ij} + h_i w_1 + h_j w_2

*Likeness*: a regulator acts more on genes whose text is like its own (:mod:`infosem._text_likeness`). Among pairs that
have nothing to do with each other the mean of :math:`e^{\text{likeness}}` is one. The strongest pairs by the expression
have :math:`\Delta` more than chance, that is than the mean of texts that are permuted among the genes and three
standard deviations of it, and the weight is

.. math:: w = \frac{1.5\, \max(0, \Delta)}{\max(0, \Delta) + 0.15} .

:math:`e^{\text{likeness}}` is four nats at most: the 2 % of the pairs that are most alike are families and complexes,
and which of them interact is for the expression to say.

*Levels* (Eq. 9 of the paper): what genes of a like text have, of evidence of the expression, on average over their
targets and over their regulators (:func:`_levels`).
"""

from __future__ import annotations

import logging

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from torch import Tensor

from infosem._evidence import strongest, surprisal
from infosem._text_likeness import completed_text

logger = logging.getLogger(__name__)

_MOST, _HALFWAY = 1.5, 0.15
_MOST_OF_LIKENESS = 4.0
_CHANCE = 3.0
"""Standard deviations of the permutations."""
_N_PERMUTATIONS = 10
_N_GENES = 500
"""Genes, about, whose pairs tell how far text and expression agree."""
_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
_FEWEST_GENES = 10


def text_part(
    embeddings: Tensor, profiles: Tensor, regulators: Tensor, expression: np.ndarray, possible: np.ndarray
) -> np.ndarray:
    """Evidence of the text, ``(R, G)``, in nats.

    Parameters
    ----------
    embeddings
        Text of each gene, centred, zero where there is none, ``(G, d)``.
    profiles
        Profile of expression of each gene (:mod:`infosem._profiles`), ``(G, k)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.
    expression
        Evidence of the expression, ``(R, G)``.
    possible
        Pairs that can be edges, boolean ``(R, G)``.
    """
    if not possible.any():
        return np.zeros(possible.shape, dtype=np.float32)
    weight = np.float32(_weight_of_likeness(embeddings, profiles, regulators, expression, possible))
    completed = completed_text(embeddings, profiles)
    evidence = weight * _likeness(completed[regulators] @ completed.T, possible)
    counts, texts = (possible.sum(1), possible.sum(0)), embeddings.numpy()
    of_regulators = _levels(expression.sum(1) / np.maximum(counts[0], 1), texts[regulators], counts[0] > 0)
    of_genes = _levels(expression.sum(0) / np.maximum(counts[1], 1), texts, counts[1] > 0)
    return np.where(possible, evidence + of_regulators[:, None] + of_genes, 0).astype(np.float32)


def _weight_of_likeness(
    embeddings: Tensor, profiles: Tensor, regulators: Tensor, expression: np.ndarray, possible: np.ndarray
) -> float:
    genes = np.arange(0, len(embeddings), max(1, round(len(embeddings) / _N_GENES)))
    possible, expression = possible[:, genes], expression[:, genes]
    chosen = strongest(expression[possible])

    def agreement(texts: Tensor) -> float:
        completed = completed_text(texts, profiles)
        likeness = _likeness(completed[regulators] @ completed[genes].T, possible)
        return float(likeness[possible][chosen].mean())

    rng, there = np.random.default_rng(0), embeddings.any(1).nonzero()[:, 0]
    by_chance = []
    for _ in range(_N_PERMUTATIONS):
        permuted = embeddings.clone()
        permuted[there] = embeddings[torch.as_tensor(rng.permutation(there))]
        by_chance.append(agreement(permuted))
    chance = float(np.mean(by_chance) + _CHANCE * np.std(by_chance, ddof=1))
    excess = max(0.0, agreement(embeddings) - chance)
    if excess == 0:
        logger.info("The genes' text does not agree with the expression beyond chance, and likeness does not count.")
    return _MOST * excess / (excess + _HALFWAY)


def _likeness(products: Tensor, possible: np.ndarray) -> np.ndarray:
    return np.minimum(surprisal(products.numpy(), possible), np.float32(_MOST_OF_LIKENESS))


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
