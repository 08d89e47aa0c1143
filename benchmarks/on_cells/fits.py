"""Scores of pairs of genes, regulators x genes: by infosem, and by the methods that it is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from infosem import InfoSEM
from infosem.benchmark import Labels
from infosem.benchmark.methods.clr import CLR
from infosem.benchmark.methods.grnboost2 import GRNBoost2
from infosem.benchmark.methods.pearson import Pearson
from infosem.data._scanpy import import_scanpy
from infosem.model._quiet import quiet

COUNTS = {"layer": "counts"}
"""Arguments of ``setup_anndata`` that register counts. Their totals are in ``obs["total_counts"]``."""


def fit(adata: AnnData, *, seed: int, model: dict[str, Any] | None = None, **setup: Any) -> InfoSEM:
    """Train a model without priors, as a user would, on a copy of the cells."""
    adata = adata.copy()
    with quiet():
        InfoSEM.setup_anndata(adata, embedding_key=None, interactions_key=None, **setup)
        made = InfoSEM(adata, seed=seed, **(model or {}))
        made.train(accelerator="cpu", enable_progress_bar=False, enable_model_summary=False)
    return made


def strength(model: InfoSEM, **of: Any) -> pd.DataFrame:
    """Strength of every edge, and zero of pairs that are none; ``group="B"`` takes the network of a group."""
    return model.get_strength(**of)


def infosem(adata: AnnData, *, seed: int, **options: Any) -> pd.DataFrame:
    """Strengths of a fit; see :func:`fit`."""
    return strength(fit(adata, seed=seed, **options))


def correlation(adata: AnnData, *, within: str | None = None) -> pd.DataFrame:
    """Absolute correlation; ``within`` batches, of expression with mean zero and variance one in each of them."""
    return _score(Pearson(), _standardised(adata, within))


def clr(adata: AnnData, *, within: str | None = None) -> pd.DataFrame:
    """CLR of the absolute correlation; see :func:`correlation`."""
    return _score(CLR(), _standardised(adata, within))


def grnboost2(adata: AnnData, *, seed: int, combat: str | None = None) -> pd.DataFrame:
    """GRNBoost2, on expression that ComBat corrected for batches if there are some."""
    if combat is not None:
        sc = import_scanpy()
        corrected = sc.pp.combat(_dense(adata), key=combat, inplace=False)
        # genes that do not vary within a batch
        adata = _with(adata, np.nan_to_num(corrected))
    return _score(GRNBoost2(), adata, seed=seed)


def _score(method: Any, adata: AnnData, *, seed: int = 0) -> pd.DataFrame:
    regulators = np.flatnonzero(adata.var["is_regulator"])
    nothing = Labels(np.array([], dtype=int), np.array([], dtype=int), np.array([], dtype=bool))
    found = method.score(adata, regulators, nothing, seed=seed)
    return pd.DataFrame(found, index=adata.var_names[regulators], columns=adata.var_names)


def _standardised(adata: AnnData, key: str | None) -> AnnData:
    if key is None:
        return adata
    batches = pd.DataFrame(_dense(adata).X).groupby(adata.obs[key].to_numpy())
    sd = batches.transform("std", ddof=0)
    return _with(adata, ((batches.obj - batches.transform("mean")) / sd.where(sd > 0, 1.0)).to_numpy())


def _dense(adata: AnnData) -> AnnData:
    return _with(adata, adata.X.toarray())


def _with(adata: AnnData, x: np.ndarray) -> AnnData:
    return AnnData(np.asarray(x, dtype=np.float64), obs=adata.obs.copy(), var=adata.var.copy())
