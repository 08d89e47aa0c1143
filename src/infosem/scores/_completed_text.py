"""Completion of text embeddings by the texts of genes with similar expression."""

from __future__ import annotations

from torch import Tensor

from infosem.scores._ridge import ridge_predictions


def completed_text(embeddings: Tensor, profiles: Tensor) -> Tensor:
    r"""Complete text embeddings, so that the inner product :math:`\ell_{ij} = t_i^\top t_j` is a similarity of genes.

    .. math:: t = \frac{h + \hat h}{\max(1, \lVert h + \hat h \rVert)}

    :math:`\hat h` is the ridge regression of the text embeddings on the expression profiles. Text about a gene is short
    and incomplete. Texts about genes with similar expression complete it, and replace it for genes without a text. Long
    rows are scaled to length one, so that families of genes with long common texts do not dominate.

    Parameters
    ----------
    embeddings
        Text embeddings :math:`h`, ``(G, d)``, centred and with a mean squared norm of one. Genes without one have a row
        of zeros.
    profiles
        Expression profile of each gene (:mod:`infosem.statistics._profiles`), ``(G, k)``.

    Returns
    -------
    Completed embeddings :math:`t`, ``(G, d)``. No row is longer than one.
    """
    completed = embeddings + ridge_predictions(profiles, embeddings, embeddings.any(1))
    return completed / completed.norm(dim=1, keepdim=True).clamp_min(1)
