"""Texts of genes that can be compared: completed by the texts of genes that are expressed alike."""

from __future__ import annotations

from torch import Tensor

from infosem.scores._ridge import ridge_predictions


def completed_text(embeddings: Tensor, profiles: Tensor) -> Tensor:
    r"""Texts :math:`t` whose inner products :math:`\ell_{ij} = t_i^\top t_j` are the likeness of two genes.

    .. math:: t = \frac{h + \hat h}{\max(1, \lVert h + \hat h \rVert)}

    with :math:`\hat h` the ridge regression of the genes' text on their profiles of expression. What is written about a
    gene is short and misses much; what is written about genes expressed like it fills in, and speaks for genes without
    a text. Long rows are shortened, lest families of genes that share a long text drown all others.

    Parameters
    ----------
    embeddings
        :math:`h`, centred, of a mean squared norm of one, zero where there is none, ``(G, d)``.
    profiles
        Profile of expression of each gene (:mod:`infosem.statistics._profiles`), ``(G, k)``.

    Returns
    -------
    :math:`t`, ``(G, d)``, no row longer than one.
    """
    completed = embeddings + ridge_predictions(profiles, embeddings, embeddings.any(1))
    return completed / completed.norm(dim=1, keepdim=True).clamp_min(1)
