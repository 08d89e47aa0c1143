"""Expression profiles of the genes, which are coordinates in the leading patterns of their correlations."""

from __future__ import annotations

import numpy as np
from sklearn.utils.extmath import randomized_svd

_MAX_PATTERNS = 50


def n_patterns(n_regulators: int) -> int:
    """Return the number of patterns, which is 50 or the number of regulators, whichever is less."""
    return min(_MAX_PATTERNS, n_regulators)


def correlation_profiles(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Compute the coordinates of regulators and genes in the leading patterns of their correlations.

    .. math:: C \approx U S V^\top, \qquad P_R = U S^{1/2}, \quad P_G = V S^{1/2}

    If all genes are regulators, these are the loadings of the leading principal components of the standardised
    expression. Both are scaled to a mean squared norm of one.

    Parameters
    ----------
    correlation
        Pearson correlation :math:`C` of the regulators with all genes, ``(R, G)``.

    Returns
    -------
    Coordinates :math:`P_R`, ``(R, k)``, and :math:`P_G`, ``(G, k)``, with :math:`k` from :func:`n_patterns`.
    """
    k = n_patterns(len(correlation))
    u, s, vt = randomized_svd(correlation, k, random_state=0)
    return _scaled(u * np.sqrt(s)), _scaled(vt.T * np.sqrt(s))


def _scaled(profiles: np.ndarray) -> np.ndarray:
    norm = np.sqrt(np.square(profiles).sum(1).mean())
    return profiles / norm if norm > 0 else profiles
