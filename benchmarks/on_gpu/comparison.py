"""How far what one device computes is from what another does: tensors and networks."""

from __future__ import annotations

import numpy as np
import torch
from anndata import AnnData
from torch import Tensor

from infosem import InfoSEM
from infosem.benchmark import expected_average_precision, read_truth
from on_gpu.run import Run

LEAST_SHARED = 0.95
"""Share of the best 1,000 edges that two devices must have in common."""


def relative_error(found: Tensor, exact: Tensor) -> float:
    """Divide the norm of the difference by that of the exact tensor."""
    exact = exact.detach().double().cpu()
    difference = torch.linalg.vector_norm(found.detach().double().cpu() - exact)
    return float(difference / torch.linalg.vector_norm(exact))


def compare(run: Run, what: str, device: str, model: InfoSEM, reference: InfoSEM) -> None:
    """Add the share of the best 1,000 edges that two fits have in common, by strength and by effect, and the AUPRC."""
    n_top = min(1000, model._size.n_regulators * model._size.n_genes // 10)
    shares = {}
    for by, frames in (
        ("strength", (model.get_strength(), reference.get_strength())),
        ("absolute effect", (model.get_adjacency().abs(), reference.get_adjacency().abs())),
    ):
        best = [set(np.argpartition(-frame.to_numpy().ravel(), n_top)[:n_top]) for frame in frames]
        shares[by] = len(best[0] & best[1]) / n_top
        run.add(what, device, f"share of the best {n_top} edges by {by}", shares[by])
    run.add(what, device, "AUPRC", auprc(run.cells, model))
    run.add(what, device, "within tolerance", shares["strength"] >= LEAST_SHARED)


def auprc(cells: AnnData, model: InfoSEM) -> float:
    """Measure the area under the precision-recall curve over the pairs of the truth's regulators and targets."""
    truth = read_truth(cells, "truth")
    strength = model.get_strength()
    regulators = [gene for gene in truth.regulators if truth.gene_names[gene] in strength.index]
    source, target = (grid.ravel() for grid in np.meshgrid(regulators, truth.targets, indexing="ij"))
    source, target = source[source != target], target[source != target]
    rows = strength.index.get_indexer(truth.gene_names[source])
    return float(expected_average_precision(truth.labels(source, target), strength.to_numpy()[rows, target]))
