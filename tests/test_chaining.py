"""Within the analyses of other scverse packages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from anndata import AnnData
from scipy import sparse

from infosem import InfoSEM, get, pp, tl

from .conftest import QUIET

SHORT = {"max_epochs": 2, **QUIET}


def counts():
    """Counts of 150 cells x 300 genes, two kinds of cells."""
    rng = np.random.default_rng(0)
    level = rng.gamma(0.5, 2.0, (2, 300))
    kind = np.arange(150) % 2
    depth = rng.uniform(0.5, 2, (150, 1))
    genes = [f"TF{i}" for i in range(20)] + [f"gene{i}" for i in range(280)]
    adata = AnnData(
        sparse.csr_matrix(rng.poisson(level[kind] * depth).astype(np.float32)), var=pd.DataFrame(index=genes)
    )
    adata.obs["kind"] = pd.Categorical(np.array(["a", "b"])[kind])
    return adata


@pytest.mark.slow
def test_from_counts_to_a_umap_of_what_regulators_do_not_explain():
    adata = counts()
    adata.layers["counts"] = adata.X.copy()
    sc.pp.filter_genes(adata, min_cells=3)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    pp.regulators(adata, [f"TF{i}" for i in range(20)])
    sc.pp.highly_variable_genes(adata, n_top_genes=100)
    adata = adata[:, adata.var["highly_variable"] | adata.var["is_regulator"]].copy()
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata)
    model.train(**SHORT)
    model.write_network()
    adata.obsm["X_infosem"] = model.get_latent_representation()
    sc.pp.neighbors(adata, use_rep="X_infosem")
    sc.tl.umap(adata)
    sc.tl.leiden(adata, flavor="igraph", n_iterations=2)
    assert np.isfinite(adata.obsm["X_umap"]).all()
    assert set(get.network(adata)["source"]) <= {f"TF{i}" for i in range(20)}
    # scanpy's own steps keep the network, and a subset of the genes has its part
    some = adata[:, adata.var["is_regulator"]].copy()
    assert set(get.network(some)["target"]) <= set(some.var_names)


def test_a_modality_of_mudata(tmp_path):
    import mudata

    adata = counts()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    protein = AnnData(np.ones((150, 3), dtype=np.float32), obs=pd.DataFrame(index=adata.obs_names))
    mdata = mudata.MuData({"rna": adata, "protein": protein})
    pp.regulators(mdata.mod["rna"], [f"TF{i}" for i in range(20)])
    InfoSEM.setup_anndata(mdata.mod["rna"])
    model = InfoSEM(mdata.mod["rna"])
    model.train(**SHORT)
    model.write_network()
    mdata.write(tmp_path / "cells.h5mu")
    back = mudata.read(tmp_path / "cells.h5mu")
    pd.testing.assert_frame_equal(get.network(back.mod["rna"]), model.get_edges())


def test_activities_of_a_regulon_follow_its_targets():
    import decoupler

    adata = counts()
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    pp.regulators(adata, [f"TF{i}" for i in range(20)])
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata)
    model.train(**SHORT)
    regulons = tl.regulons(model.get_edges(), top=20)
    decoupler.mt.ulm(adata, get.to_decoupler(regulons), tmin=5)
    activity = decoupler.pp.get_obsm(adata, "score_ulm")
    sc.pp.pca(adata, n_comps=5)
    sc.tl.rank_genes_groups(activity, "kind", method="wilcoxon")
    assert set(activity.var_names) == set(regulons["source"])
