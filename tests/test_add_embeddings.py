"""Embeddings from tables, files and objects of others, by the names of genes."""

from __future__ import annotations

import logging
import pickle

import anndata
import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, pp


class TestAddEmbeddings:
    @pytest.fixture
    def table(self, cells):
        """Three numbers for each gene but the first two, in another order, and for genes that are not in the data."""
        values = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
        names = [*cells.var_names[2:][::-1], "absent", "missing"]
        return pd.DataFrame(values, index=names)

    def check(self, cells, table, key="gene_embedding"):
        matrix = cells.varm[key]
        assert np.isnan(matrix[:2]).all()
        np.testing.assert_allclose(matrix[2:], table.loc[cells.var_names[2:]], rtol=1e-6)

    def test_objects(self, cells, table):
        named = table.rename_axis("symbol").reset_index()
        for embeddings in (table, named, dict(zip(table.index, table.to_numpy(), strict=True))):
            pp.add_embeddings(cells, embeddings)
            self.check(cells, table)
        pp.add_embeddings(cells, {name: row.tolist() for name, row in table.iterrows()}, key_added="lists")
        self.check(cells, table, "lists")
        pp.add_embeddings(cells, table.to_numpy(), names=table.index)
        self.check(cells, table)
        assert cells.uns["gene_embedding"]["n_genes"] == 22
        aligned = np.arange(72.0).reshape(24, 3)
        pp.add_embeddings(cells, aligned)
        np.testing.assert_array_equal(cells.varm["gene_embedding"], aligned)

    @pytest.mark.parametrize("ending", ["csv", "tsv.gz", "parquet", "npz", "vectors.npz", "npy", "pickle"])
    def test_files(self, cells, table, tmp_path, ending):
        path = tmp_path / f"embeddings.{ending}"
        names = table.index.to_numpy().astype(str)
        by_name = dict(zip(names, table.to_numpy(), strict=True))
        {
            "csv": lambda: table.to_csv(path),
            "tsv.gz": lambda: table.to_csv(path, sep="\t"),
            "parquet": lambda: table.rename(columns=str).to_parquet(path),
            "npz": lambda: np.savez(path, genes=names, vectors=table.to_numpy()),
            "vectors.npz": lambda: np.savez(path, **by_name),
            "npy": lambda: np.save(path, table.to_numpy()),
            "pickle": lambda: path.write_bytes(pickle.dumps(by_name)),
        }[ending]()
        pp.add_embeddings(cells, path, names=names if ending == "npy" else None)
        self.check(cells, table)
        assert cells.uns["gene_embedding"]["source"] == path.name, "no path of this machine"

    def test_other_identifiers_and_case(self, cells, table, caplog):
        cells.var["ensembl"] = [f"ENSG{i}" for i in range(24)]
        to_ensembl = dict(zip(cells.var_names, cells.var["ensembl"], strict=True))
        pp.add_embeddings(cells, table.rename(index=to_ensembl), gene_key="ensembl")
        self.check(cells, table)
        swapped = table.rename(index=lambda name: name if name == cells.var_names[5] else name.swapcase())
        with pytest.raises(ValueError, match=r"Only 1 of 24 names.*21 more match: pass ignore_case=True"):
            pp.add_embeddings(cells, swapped)
        self.check(cells, table)  # as it was
        with caplog.at_level(logging.INFO, "infosem"):
            pp.add_embeddings(cells, swapped, allow_few=True)
        assert "1 of 24 genes" in caplog.text
        assert "21 more genes" in caplog.text
        pp.add_embeddings(cells, swapped, ignore_case=True)
        self.check(cells, table)

    def test_what_it_writes_is_what_the_model_reads(self, cells, table, tmp_path):
        pp.add_embeddings(cells, table)
        cells.write_h5ad(tmp_path / "cells.h5ad")
        cells = anndata.read_h5ad(tmp_path / "cells.h5ad")
        InfoSEM.setup_anndata(cells, interactions_key=None)
        assert InfoSEM(cells).prior_ == "embedding"

    def test_the_first_of_several_vectors_counts(self, cells, table, caplog):
        pp.add_embeddings(cells, pd.concat([table, table.iloc[:2] + 1]))
        self.check(cells, table)
        assert "2 names of the embeddings occur more than once" in caplog.text

    def test_rows_that_are_not_finite_count_as_absent(self, cells, table, caplog):
        table.loc[cells.var_names[4], 1] = np.nan
        with caplog.at_level(logging.INFO, "infosem"):
            pp.add_embeddings(cells, table)
        assert cells.uns["gene_embedding"]["n_genes"] == 21
        assert "ignore_case" not in caplog.text, "no other spelling would help"
        assert np.isnan(cells.varm["gene_embedding"][4]).all()

    def test_bad_input(self, cells, table, tmp_path):
        with pytest.raises(ValueError, match=r"gene_key.*ignore_case"):
            pp.add_embeddings(cells, {"absent": [1.0, 2.0]})
        with pytest.raises(ValueError, match=r"\[1, 2\]"):
            pp.add_embeddings(cells, {"TF0": [1.0, 2.0], "TF1": [1.0]})
        with pytest.raises(ValueError, match="names="):
            pp.add_embeddings(cells, np.ones((5, 3)))
        with pytest.raises(ValueError, match="has its own names"):
            pp.add_embeddings(cells, table, names=list(table.index))
        with pytest.raises(ValueError, match=r"'a.xlsx'.*\.parquet"):
            pp.add_embeddings(cells, tmp_path / "a.xlsx")
        with pytest.raises(TypeError, match=r"shape \(24,\)"):
            pp.add_embeddings(cells, np.ones(24))
        with pytest.raises(KeyError, match="ensembl"):
            pp.add_embeddings(cells, table, gene_key="ensembl")
