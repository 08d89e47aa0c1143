"""What the cells say of which genes are alike: the leading patterns of the genes' correlations."""

from __future__ import annotations

import numpy as np
from sklearn.utils.extmath import randomized_svd

_MAX_PATTERNS = 50


def n_patterns(n_regulators: int) -> int:
    """Number of patterns: 50, or as many as there are regulators."""
    return min(_MAX_PATTERNS, n_regulators)


def correlation_profiles(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Coordinates of the regulators and of the genes in the leading patterns of their correlations.

    .. math:: C \approx U S V^\top, \qquad P_R = U S^{1/2}, \quad P_G = V S^{1/2}

    With all genes as regulators they are the loadings of the leading principal components of the standardised
    expression. Both are scaled to a mean squared norm of one.

    Parameters
    ----------
    correlation
        Pearson correlation :math:`C` of the regulators with all genes, ``(R, G)``.

    Returns
    -------
    :math:`P_R`, ``(R, k)``, and :math:`P_G`, ``(G, k)``, with :math:`k` from :func:`n_patterns`.
    """
    k = n_patterns(len(correlation))
    u, s, vt = randomized_svd(correlation, k, random_state=0)
    return _scaled(u * np.sqrt(s)), _scaled(vt.T * np.sqrt(s))


def _scaled(profiles: np.ndarray) -> np.ndarray:
    norm = np.sqrt(np.square(profiles).sum(1).mean())
    return profiles / norm if norm > 0 else profiles
