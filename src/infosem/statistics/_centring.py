"""Centring and scaling of text embeddings, which makes them comparable between genes."""

from __future__ import annotations

import torch
from torch import Tensor


def centre_embeddings(embeddings: Tensor) -> Tensor:
    """Centre embeddings over the genes that have one and scale them to a mean squared norm of one.

    Rows of NaN, which are genes without an embedding, become zero.
    """
    present = ~embeddings.isnan().any(1)
    centred = torch.where(present[:, None], embeddings - embeddings[present].mean(0), 0.0)
    norm = centred[present].square().sum(1).mean().sqrt()
    return centred / norm if norm > 0 else centred
