"""Embeddings from matrices and tables of all kinds."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from infosem import pp

from .embeddings import check


class TestMatrices:
    @pytest.mark.parametrize(
        "kind",
        [
            np.matrix,
            sparse.csr_matrix,
            sparse.coo_array,
            torch.tensor,
            lambda values: torch.tensor(values, requires_grad=True),
            lambda values: torch.tensor(values).to_sparse(),
            lambda values: values.astype(str),
            lambda values: values.astype(object),
            np.ma.asarray,
        ],
        ids=range(9),
    )
    def test_of_any_type(self, cells, table, kind):
        check(cells, table, kind(table.to_numpy()))
        check(cells, table, kind(table.to_numpy()[::-1].copy()), names=table.index[::-1])
        check(cells, table, {name: kind(table.loc[[name]].to_numpy()) for name in table.index})

    @pytest.mark.parametrize(
        "kind",
        [
            lambda table: dict(zip(table.index, torch.tensor(table.to_numpy()), strict=True)),
            lambda table: {name: list(torch.tensor(row.to_numpy())) for name, row in table.iterrows()},
            lambda table: pd.Series({name: row.to_numpy() for name, row in table.iterrows()}),
            lambda table: {name: [row.tolist()] for name, row in table.iterrows()},
            lambda table: dict(table.iterrows()),
        ],
        ids=range(5),
    )
    def test_vectors_of_any_type(self, cells, table, kind):
        check(cells, table, kind(table))

    def test_what_is_masked_is_missing(self, cells, table):
        masked = np.ma.array(table.to_numpy(), mask=False)
        masked[1, 2] = np.ma.masked
        for embeddings in (masked, dict(zip(table.index, masked, strict=True))):
            pp.add_embeddings(cells, embeddings)
            assert np.isnan(cells.varm["gene_embedding"]).all(1).nonzero()[0].tolist() == [1]

    @pytest.mark.parametrize(
        ("kind", "found"),
        [
            (lambda table: table.to_numpy() * 1j, "type complex.*expected real numbers"),
            (lambda table: table * 1j, "'a' .*complex"),
            (lambda table: (table * 1j).astype(object), "'a' .*complex"),
            (lambda table: dict(zip(table.index, table.to_numpy() * 1j, strict=True)), "vector of 'TF0'.*complex"),
            (lambda table: {"TF0": [1.0, 1j]}, "vector of 'TF0'.*complex"),
            (lambda table: {"TF0": 1.0}, "vector of 'TF0'.*1.0"),
            (lambda table: {"TF0": np.ones((2, 3))}, r"vector of 'TF0'.*\(2, 3\)"),
            (lambda table: np.full((24, 3), "word"), "type <U4, such as .*'word'"),
            (lambda table: table * np.inf, "None of the 24 genes .* finite numbers: 0% .*missing and 100% infinite"),
            (lambda table: table.to_numpy() * np.nan, "None of the 24 genes .*100% .*missing and 0% infinite"),
            (lambda table: np.empty((24, 0)), "length 0"),
            (lambda table: {name: [] for name in table.index}, "length 0"),
        ],
    )
    def test_what_is_no_embedding_is_refused(self, cells, table, kind, found):
        with pytest.raises(ValueError, match=found):
            pp.add_embeddings(cells, kind(table))

    def test_few_finite_vectors_are_told(self, cells, table, caplog):
        pp.add_embeddings(cells, table[:10].reindex(table.index))
        assert "Only 10 of the 24 genes in the embeddings have a vector of finite numbers" in caplog.text


class TestTables:
    @pytest.mark.parametrize("title", ["Unnamed: 0", "", "entrez", "NCBI gene", "gene_id", "row"])
    def test_numbers_of_rows_are_no_dimension(self, cells, table, caplog, title):
        numbers = range(24) if title == "row" else np.random.default_rng(0).permutation(99999)[:24]
        for named in (table, table.rename_axis("gene").reset_index()):
            numbered = named.copy()
            numbered.insert(0, title, list(numbers))
            check(cells, table, numbered)
        assert caplog.text.count(f"left out of the embeddings: {title!r}") == 2

    def test_whole_numbers_may_be_vectors(self, cells, table):
        whole = pd.DataFrame(np.eye(24, dtype=int), index=table.index)
        check(cells, whole, whole)
        check(cells, table > 0, table > 0)

    def test_a_row_for_each_number_is_refused(self, cells, table, tmp_path):
        long = table.rename_axis("gene").reset_index().melt("gene", var_name="dim")
        pivot = r"table\.pivot\(index='gene', columns='dim', values='value'\)"
        for given in (long, long.assign(dim=long["dim"].map({"a": 0, "b": 1, "c": 2}))):
            with pytest.raises(ValueError, match=pivot):
                pp.add_embeddings(cells, given)
        long.to_csv(tmp_path / "a.csv", index=False)
        with pytest.raises(ValueError, match=pivot.replace("table", r"table\.reset_index\(\)")):
            pp.add_embeddings(cells, tmp_path / "a.csv")
        check(cells, table, long.pivot_table(index="gene", columns="dim", values="value"))

    @pytest.mark.parametrize(
        "kind",
        [
            lambda table: table.astype(object),
            lambda table: table.astype(str),
            lambda table: table.astype("Float32"),
            lambda table: table.assign(remark="x"),
            lambda table: table.assign(remark=[f"remark {n}" for n in range(24)]),
            lambda table: table.astype(object).assign(remark="x", other=None, checked=True)[
                [*"abc", "remark", "checked"]
            ],
            lambda table: table.rename_axis("symbol").reset_index(),
            lambda table: table.rename_axis("symbol").reset_index().assign(remark="x"),
            lambda table: table.rename_axis("symbol").reset_index().set_axis([f"{n}" for n in range(24)]),
            lambda table: table.rename_axis("symbol").reset_index().set_axis(["x"] * 24),
            lambda table: table.assign(symbol=pd.Categorical(table.index)).reset_index(drop=True),
        ],
        ids=range(11),
    )
    def test_names_and_numbers(self, cells, table, kind):
        check(cells, table, kind(table))

    def test_what_is_left_out_is_told(self, cells, table, caplog):
        with caplog.at_level(logging.INFO, "infosem"):
            check(cells, table, table.assign(remark="x"))
        assert "names of the embeddings are the table's index. Other text columns are left out: remark" in caplog.text

    def test_numbers_that_are_missing_make_a_row_of_none(self, cells, table):
        pp.add_embeddings(cells, table.astype(object).where(table.index.to_series().ne("TF1"), None))
        assert np.isnan(cells.varm["gene_embedding"]).all(1).nonzero()[0].tolist() == [1]

    def test_which_column_is_the_names_is_asked(self, cells, table):
        ambiguous = table.rename_axis("symbol").reset_index().assign(other=[f"E{n}" for n in range(24)])
        with pytest.raises(ValueError, match=r"'symbol', 'other'.*table\.set_index\('symbol'\)"):
            pp.add_embeddings(cells, ambiguous)
        check(cells, table, ambiguous.set_index("symbol"))

    def test_no_numbers(self, cells, table):
        with pytest.raises(ValueError, match="no numeric column. Its columns: remark"):
            pp.add_embeddings(cells, pd.DataFrame({"remark": "x"}, index=table.index))
        with pytest.raises(ValueError, match="2 levels"):
            pp.add_embeddings(cells, table.set_index("a", append=True))
        with pytest.raises(ValueError, match="vector of 'TF1' is not a sequence of numbers"):
            pp.add_embeddings(cells, {"TF0": [1.0, 2.0], "TF1": "text"})
