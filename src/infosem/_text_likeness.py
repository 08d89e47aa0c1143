"""What text says of an edge without any labels: a regulator acts more on genes whose text is like its own."""

from __future__ import annotations

from torch import Tensor

from infosem._ridge import ridge_predictions


def text_likeness(embeddings: Tensor, profiles: Tensor, regulators: Tensor) -> Tensor:
    r"""Inner products of the regulators' and the genes' text, completed by that of genes expressed alike.

    .. math:: \ell_{ij} = t_i^\top t_j, \qquad t = \frac{h + \hat h}{\max(1, \lVert h + \hat h \rVert)}

    with :math:`\hat h` the ridge regression of the genes' text on their profiles of expression. What is written about a
    gene is short and misses much; what is written about genes expressed like it fills in, and speaks for genes without
    a text. Long rows are shortened, lest families of genes that share a long text drown all others.

    Parameters
    ----------
    embeddings
        :math:`h`, centred, of a mean squared norm of one, zero where there is none, ``(G, d)``.
    profiles
        Profile of expression of each gene (:mod:`infosem._profiles`), ``(G, k)``.
    regulators
        Column of each regulator among the genes, ``(R,)``.

    Returns
    -------
    :math:`\ell`, ``(R, G)``, from -1 to 1.
    """
    completed = embeddings + ridge_predictions(profiles, embeddings, embeddings.any(1))
    completed = completed / completed.norm(dim=1, keepdim=True).clamp_min(1)
    return completed[regulators] @ completed.T
