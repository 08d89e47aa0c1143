"""One rule for every join by name."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, benchmark, datasets, pp, tl


@pytest.fixture
def genes():
    """130 cells x 40 genes, of which half have an Ensembl id, some in lower case."""
    adata = datasets.simulate(60, 40, 8, seed=0)
    adata.var["ensembl"] = [f"ENSG{i:011d}" if i < 20 else np.nan for i in range(40)]
    for mapping in (adata.varm, adata.varp):
        mapping.clear()
    adata.var = adata.var.drop(columns="is_regulator")
    return adata


def joins(adata, names, **options):
    """Every join of the preparation, with ``names``; returns which genes each of them marked."""
    names = list(names)
    pp.regulators(adata, names, **options)
    pp.add_embeddings(adata, np.arange(2.0 * len(names)).reshape(-1, 2), names=names, **options)
    pp.gene_text(adata, pd.DataFrame({"symbol": names, "name": "a factor"}), **options)
    pp.known_interactions(adata, pd.DataFrame({"source": names, "target": names[0]}), **options)
    return {
        "regulators": adata.var["is_regulator"].to_numpy(),
        "embeddings": ~np.isnan(adata.varm["gene_embedding"]).any(1),
        "text": (adata.var["gene_text"] != "").to_numpy(),
        "interactions": np.asarray(abs(adata.varp["known_interactions"]).sum(1)).ravel() > 0,
    }


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA, "", "  "])
def test_a_missing_name_matches_nothing(genes, missing):
    names = pd.Series([*genes.var["ensembl"][:4], missing], dtype=object)
    for what, marked in joins(genes, names, gene_key="ensembl").items():
        assert marked.sum() == 4, what
        assert not marked[20:].any(), what


def test_missing_identifiers_that_were_made_text_match_nothing(genes, tmp_path):
    genes.var["ensembl"] = genes.var["ensembl"].astype(str)
    for what, marked in joins(genes, [*genes.var["ensembl"][:4], "nan"], gene_key="ensembl").items():
        assert marked.sum() == 4, what
    genes.write_h5ad(tmp_path / "genes.h5ad")
    back = anndata.read_h5ad(tmp_path / "genes.h5ad")
    back.var["ensembl"] = back.var["ensembl"].astype("category")
    assert joins(back, genes.var["ensembl"][:4], gene_key="ensembl")["regulators"].sum() == 4


def test_the_flys_gene_nan(genes):
    genes.var_names = ["nan", "dl", "Dr", *genes.var_names[3:]]
    pp.regulators(genes, ["dl", "Dr", np.nan])
    assert genes.var_names[genes.var["is_regulator"]].tolist() == ["dl", "Dr"]
    pp.regulators(genes, ["nan", "dl"])
    assert genes.var_names[genes.var["is_regulator"]].tolist() == ["nan", "dl"]


def test_two_genes_of_one_symbol_are_treated_alike(genes):
    genes.var["symbol"] = ["A", "A", "b", "B", *genes.var_names[4:]]
    for what, marked in joins(genes, ["A", "B"], gene_key="symbol", ignore_case=True).items():
        assert np.flatnonzero(marked).tolist() == [0, 1, 2, 3], what
    pairs = {tuple(map(int, pair)) for pair in np.argwhere(genes.varp["known_interactions"].toarray() == 1)}
    assert pairs == {(source, target) for source in range(4) for target in (0, 1)}


CASES = {
    "case": (lambda names: names.str.swapcase(), "pass ignore_case=True"),
    "versions": (lambda names: names + ".3", "versions of Ensembl ids"),
    "another column": (lambda names: pd.Index([f"X{i}" for i in range(len(names))]), "pass gene_key='other'"),
    "excel": (lambda names: pd.Index([f"{i + 1}-Mar" for i in range(len(names))]), "Excel"),
    "cells": (lambda names: pd.Index([f"c{i}" for i in range(len(names))]), "adata.T.copy"),
    "species": (lambda names: names.str.replace("ENSG", "ENSMUSG"), "different species: ENS(MUS)?G"),
    "nothing": (lambda names: pd.Index([f"?{i}" for i in range(len(names))]), "aliases|Ensembl ids"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n_right", [0, 2, 9, 25])
def test_few_matches_are_told_with_what_mends_them(genes, caplog, case, n_right):
    change, mend = CASES[case]
    genes.var_names = [f"ENSG{i:011d}" for i in range(40)]
    genes.var["other"] = [f"X{i}" for i in range(40)]
    genes.obs_names = [f"c{i}" for i in range(60)]
    names = genes.var_names[:n_right].append(change(genes.var_names[n_right:30]))
    table = pd.DataFrame({"symbol": names, "name": "a factor"})
    edges = pd.DataFrame({"source": names, "target": names[0]})
    calls = {
        "regulators": lambda **few: pp.regulators(genes, names, **few),
        "embeddings": lambda **few: pp.add_embeddings(genes, np.ones((30, 2)), names=list(names), **few),
        "text": lambda **few: pp.gene_text(genes, table, **few),
        "edges": lambda **few: pp.known_interactions(genes, edges, **few),
    }
    for what, call in calls.items():
        caplog.clear()
        if n_right < 3:
            with pytest.raises(ValueError, match=mend):
                call()
            if n_right:
                call(allow_few=True)
            continue
        call()
        told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert bool(told) == (n_right < 15 or case in ("case", "versions", "excel")), (what, caplog.text)
        if told:
            assert re.search(mend, told[0]), what


def test_catalogues_of_a_genome_on_a_selection_of_genes_are_no_mistake(caplog):
    """A thousand and six hundred factors, and two thousand variable genes, a tenth of which they are."""
    genome = [f"gene{i}" for i in range(20_000)]
    rng = np.random.default_rng(0)
    adata = anndata.AnnData(np.ones((3, 2000), dtype=np.float32))
    adata.var_names = list(rng.choice(genome, 2000, replace=False))
    names = list(rng.choice(genome, 1600, replace=False))
    with caplog.at_level(logging.WARNING, "infosem"):
        pp.regulators(adata, names)
        edges = pd.DataFrame({"source": rng.choice(names, 30_000), "target": rng.choice(genome, 30_000)})
        pp.known_interactions(adata, edges)
    assert not caplog.records
    assert 100 < adata.var["is_regulator"].sum() < 220
    with pytest.raises(ValueError, match="Only"):
        pp.regulators(adata, [*names[:5], *(f"ABC{i}" for i in range(1595)), adata.var_names[0]])


class TestMasks:
    def test_a_mask_with_names_is_aligned_by_them(self, genes):
        wanted = pd.Series(np.arange(40) < 3, index=genes.var_names)
        shuffled = wanted.astype("boolean").sample(frac=1, random_state=0)
        for mask in (wanted, wanted[::-1], shuffled, wanted.astype(object)):
            pp.regulators(genes, mask)
            assert np.flatnonzero(genes.var["is_regulator"]).tolist() == [0, 1, 2]

    @pytest.mark.parametrize("kind", [list, tuple, np.array, pd.array, lambda mask: pd.Series(mask), iter])
    def test_a_mask_without_names_is_in_the_order_of_the_genes(self, genes, kind):
        pp.regulators(genes, kind([i < 3 for i in range(40)]))
        assert np.flatnonzero(genes.var["is_regulator"]).tolist() == [0, 1, 2]

    def test_others_are_refused(self, genes):
        with pytest.raises(ValueError, match="39 values and the data 40 genes"):
            pp.regulators(genes, [True] * 39)
        with pytest.raises(ValueError, match="no value for 1 of 40 genes"):
            pp.regulators(genes, pd.Series(True, index=[*genes.var_names[:-1], "other"]))
        with pytest.raises(ValueError, match="not both"):
            pp.regulators(genes, [True, "TF0"])


def test_text_with_gaps_after_a_round_trip(genes, tmp_path):
    genes.var["gene_text"] = ["a kinase of blood cells", "a kinase of the liver", None, None] * 10
    genes.write_h5ad(tmp_path / "genes.h5ad")
    back = anndata.read_h5ad(tmp_path / "genes.h5ad")
    pp.embed_terms(back, min_genes=1)
    assert (~np.isnan(back.varm["gene_embedding"]).any(1)).sum() == 20
    described = pd.DataFrame({"symbol": back.var_names, "name": "x", "summary": back.var["gene_text"].to_numpy()})
    pp.gene_text(back, described.astype("category"), key_added="described")
    assert back.var["described"].str.contains("kinase").sum() == 20


def test_genes_x_cells_is_told(genes, caplog):
    pp.regulators(genes, list(genes.var_names[:4]))
    with pytest.raises(ValueError, match=r"genes x cells: adata.obs\['is_regulator'\].*adata.T.copy"):
        InfoSEM.setup_anndata(genes.T.copy())
    turned = genes.T.copy()
    turned.obs = turned.obs.drop(columns="is_regulator")
    turned.var_names = ["".join(np.random.default_rng(i).choice(list("ACGT"), 16)) + "-1" for i in range(60)]
    with pytest.raises(ValueError, match="its genes are called [ACGT]{16}-1"):
        InfoSEM.setup_anndata(turned)


def test_tables_that_are_compared_with_genes_follow_the_same_rule():
    genes = [f"G{i}" for i in range(40)]
    names = ["G0", "G1", *(f"g{i}" for i in range(2, 30))]
    table = pd.DataFrame({"source": names, "target": "G0"})
    adata = anndata.AnnData(np.ones((3, 40), dtype=np.float32))
    adata.var_names = genes
    edges = pd.DataFrame({"source": genes[1:], "target": "G0", "weight": 1.0})
    precomputed = benchmark.methods.Precomputed(edges=table.assign(weight=1.0))
    regulators, labels = np.arange(2), None
    for compare in (
        lambda **few: tl.enrichment(edges, table, top=[1], **few),
        lambda **few: benchmark.read_truth(adata, table, **few),
        lambda **few: replace(precomputed, **few).score(adata, regulators, labels, seed=0),
    ):
        with pytest.raises(ValueError, match=r"Only 2 of 30 .*28 more match: convert both to one"):
            compare()
        compare(allow_few=True)


def test_panels_are_small_and_collections_large(genes, caplog):
    """Three of 1,600 factors on a panel of 40 genes may be right, unless something is found that would double them."""
    names = [*genes.var_names[:3], *(f"factor{i}" for i in range(1597))]
    pp.regulators(genes, names)
    assert "Only 3 of 1,600" in caplog.text
    with pytest.raises(ValueError, match="5 more match: pass ignore_case=True"):
        pp.regulators(genes, [*names, *(name.swapcase() for name in genes.var_names[3:8])])


@pytest.mark.parametrize("n", [90, 300, 1000])
def test_pairs_count_where_nearly_all_names_are_there(genes, n):
    """One regulator in another case has nearly all pairs: of 34 names 33 are there, and of 300 pairs three."""
    targets = genes.var_names[np.arange(n) % 32 + 8]
    edges = pd.DataFrame({"source": ["TF0"] * 3 + ["tf1"] * (n - 3), "target": targets})
    with pytest.raises(ValueError, match=f"Only 3 of {n:,} pairs"):
        pp.known_interactions(genes, edges)
    with pytest.raises(ValueError, match=f"Only 3 of {n:,} pairs"):
        benchmark.read_truth(genes, edges)
    pp.known_interactions(genes, edges, ignore_case=True)


class TestOtherMasks:
    @pytest.mark.parametrize("kind", [list, np.array, lambda mask: dict(zip(*mask_of(mask), strict=True))])
    def test_zeros_and_ones_and_dictionaries(self, genes, kind):
        pp.regulators(genes, kind([int(i < 3) for i in range(40)]))
        assert np.flatnonzero(genes.var["is_regulator"]).tolist() == [0, 1, 2]

    def test_what_is_neither_names_nor_a_mask(self, genes):
        for source, message in (
            (None, "must be names"),
            (3, "must be names"),
            (np.ones((40, 1), dtype=bool), "shape"),
            (["True", "False"] * 20, "strings"),
        ):
            with pytest.raises((TypeError, ValueError), match=message):
                pp.regulators(genes, source)


def mask_of(mask):
    return [*(f"TF{i}" for i in range(8)), *(f"gene{i}" for i in range(32))], mask


def test_networks_whose_genes_are_spelt_otherwise(caplog):
    edges = pd.DataFrame({"source": "TF", "target": ["GATA1", "SOX2", "MYC"], "weight": 1.0})
    mouse = edges.assign(source="Tf", target=edges["target"].str.capitalize())

    def warnings_of(other):
        caplog.clear()
        tl.compare({"a": edges, "b": other})
        tl.differential_edges(edges, other)
        return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]

    told = warnings_of(mouse)
    assert len(told) == 2
    assert all("share 0 genes. In another case 4 more match" in message for message in told)
    assert not warnings_of(edges.assign(target=["X", "Y", "Z"]))
