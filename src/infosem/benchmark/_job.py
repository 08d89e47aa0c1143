"""Execution of one job by a worker: fitting the method and scoring its splits."""

from __future__ import annotations

import logging
import signal
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
from anndata import AnnData

from infosem.benchmark._grid import Job
from infosem.benchmark._method import Labels, MissingInputError
from infosem.benchmark._metrics import block_metrics, expected_average_precision, hubness_scores
from infosem.benchmark._resources import Resources
from infosem.benchmark._splits import SPLITS, TRAIN, Split
from infosem.benchmark._truth import Truth

logger = logging.getLogger(__name__)

OK, FAILED, SKIPPED, LACKS_INPUT = "ok", "failed", "skipped", "not run"
_NO_LABELS = Labels(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


@dataclass(frozen=True)
class JobResult:
    """Rows of the results, and scores if requested.

    Attributes
    ----------
    rows
        One dictionary per network, split and block.
    scores
        Scores by network, ``(regulators with a known target, G)``, in single precision.
    """

    rows: list[dict[str, Any]]
    scores: dict[str, np.ndarray]


def died(job: Job) -> JobResult:
    """Return the result of a job whose process was killed."""
    reason = "its process died: killed, or out of memory"
    return JobResult([{**cell, "status": FAILED, "reason": reason} for cell in job.cells()], {})


def run_job(job: Job) -> JobResult:
    """Fit and score a method. Errors are recorded in the rows instead of being raised."""
    cells = list(job.cells())
    try:
        return _fitted_and_scored(job)
    except (MissingInputError, ImportError) as error:  # an optional package counts as an input
        return JobResult([{**cell, "status": LACKS_INPUT, "reason": str(error)} for cell in cells], {})
    except (Exception, SystemExit) as error:  # recorded, so that other jobs continue
        if isinstance(error, SystemExit) and error.code == 128 + signal.SIGTERM:
            raise
        logger.debug("%s", traceback.format_exc())
        reason = f"{type(error).__name__}: {error}"
        return JobResult([{**cell, "status": FAILED, "reason": reason} for cell in cells], {})


def _fitted_and_scored(job: Job) -> JobResult:
    cells = list(job.cells())
    adata = job.dataset.load()
    splits = {}
    truths: dict[str, Truth] = {}
    skipped = {}
    for network in job.networks:
        try:
            truths[network] = job.dataset.truth(network)
            for seed in job.split_seeds:
                splits[network, seed] = SPLITS[job.split_kind](truths[network], seed)
        except (KeyError, ValueError) as error:
            skipped[network] = str(error.args[0] if error.args else error)
    if not splits:
        return JobResult([{**cell, "status": SKIPPED, "reason": skipped[cell["network"]]} for cell in cells], {})
    with Resources() as used:
        scores, regulators = _scores(job, adata, truths, splits)
    row = np.full(adata.n_vars, -1)
    row[regulators] = np.arange(len(regulators))
    thirds = _thirds(job.dataset.text_lengths(), regulators)
    rows = []
    for cell in cells:
        usage = {"seconds": used.seconds, "peak_mb": used.peak_mb, "peak_gpu_mb": used.peak_gpu_mb}
        if cell["network"] in skipped:
            outcome: dict[str, Any] = {"status": SKIPPED, "reason": skipped[cell["network"]]}
        else:
            outcome = _block_outcome(splits[cell["network"], cell["split"]], cell["block"], scores, row, thirds)
        rows.append({**cell, **outcome, **usage})
    kept = {}
    if job.keeps_scores:
        kept = {name: scores["score"][row[truth.regulators]].astype(np.float32) for name, truth in truths.items()}
    return JobResult(rows, kept)


def _scores(
    job: Job, adata: AnnData, truths: dict[str, Truth], splits: dict[tuple[str, int], Split]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the scores of the method and their variants without hubs, ``(R, G)``, and the regulators."""
    rng = np.random.default_rng([job.seed, *job.split_seeds[:1]])
    regulators = np.flatnonzero(np.any([truth.is_regulator for truth in truths.values()], axis=0))
    labels = _NO_LABELS
    if job.method.uses_labels:
        (split,) = splits.values()
        labels = split.training_labels
        if not len(labels):
            raise MissingInputError(f"it learns from labels, but the split {job.split_kind!r} has no training labels")
        if not labels.is_edge.any() or labels.is_edge.all():
            raise ValueError("the training labels are all of one kind")
        if job.entry.balanced:
            labels = _balanced(labels, rng)
    chosen = np.arange(adata.n_obs)
    if job.entry.cells < 1:
        chosen = np.sort(rng.permutation(adata.n_obs)[: max(2, round(job.entry.cells * adata.n_obs))])
    returned = job.method.score(_without_truth(adata, chosen), regulators, labels, seed=job.seed)
    score = np.asarray(returned, dtype=float)
    if score.shape != (len(regulators), adata.n_vars):
        raise ValueError(f"scores of shape {score.shape}, expected {(len(regulators), adata.n_vars)}")
    if not np.isfinite(score).all():
        raise ValueError(f"{int((~np.isfinite(score)).sum())} scores are not finite")
    return {"score": score, **hubness_scores(score, regulators)}, regulators


def _without_truth(adata: AnnData, cells: np.ndarray) -> AnnData:
    """Return the data that a method may see: expression and gene annotation."""
    return AnnData(adata.X[cells], obs=adata.obs.iloc[cells][[]], var=adata.var.copy(), varm=dict(adata.varm))


def _balanced(labels: Labels, rng: np.random.Generator) -> Labels:
    """Subsample the non-edges of each regulator to the number of its edges (Appendix D of the paper)."""
    kept: list[np.ndarray] = []
    for regulator in np.unique(labels.source):
        rows = np.flatnonzero(labels.source == regulator)
        edges, others = rows[labels.is_edge[rows]], rows[~labels.is_edge[rows]]
        kept += [edges, rng.permutation(others)[: len(edges)]]
    rows = np.sort(np.concatenate(kept))
    return Labels(labels.source[rows], labels.target[rows], labels.is_edge[rows])


def _block_outcome(
    split: Split, name: str, scores: dict[str, np.ndarray], row: np.ndarray, thirds: dict[str, np.ndarray]
) -> dict[str, Any]:
    block = split.block(name)
    n_edges = int(block.is_edge.sum())
    size = {"n_pairs": len(block), "n_edges": n_edges}
    if n_edges in (0, len(block)):
        kind = "edge" if n_edges == 0 else "non-edge"
        return {"status": SKIPPED, "reason": f"the block has no {kind}: nothing can be scored", **size}
    values = {variant: score[row[block.source], block.target] for variant, score in scores.items()}
    if name == TRAIN:  # only used to select hyper-parameters
        return {"status": OK, **size, "auprc": expected_average_precision(block.is_edge, values["score"])}
    return {
        "status": OK,
        **size,
        **block_metrics(block, values["score"], groups=thirds),
        **{
            f"auprc_{variant}": expected_average_precision(block.is_edge, value)
            for variant, value in values.items()
            if variant != "score"
        },
    }


def _thirds(amount: np.ndarray | None, regulators: np.ndarray) -> dict[str, np.ndarray]:
    """Return masks ``(G,)`` of genes in the lower, middle and upper third of regulators by length of description."""
    if amount is None:
        return {}
    low, high = np.quantile(amount[regulators], [1 / 3, 2 / 3])
    return {
        "little_text": amount <= low,
        "some_text": (amount > low) & (amount <= high),
        "much_text": amount > high,
    }
