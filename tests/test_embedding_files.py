"""Embeddings from files and tables of all kinds."""

from __future__ import annotations

import gzip
import io
import logging
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from infosem import pp
from tests.test_name_lists import FOREIGN
from tests.test_safe_pickle import Calls


@pytest.fixture
def table(cells):
    values = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
    return pd.DataFrame(values, index=list(cells.var_names), columns=["a", "b", "c"])


def written(save, *arguments, **options):
    file = io.BytesIO()
    save(file, *arguments, **options)
    return file.getvalue()


def check(cells, table, embeddings, **options):
    pp.add_embeddings(cells, embeddings, **options)
    np.testing.assert_allclose(cells.varm["gene_embedding"], table.to_numpy(), rtol=1e-6)


def of_text(table, **options):
    return table.to_csv(**options).encode(options.pop("encoding", "utf-8"))


FILES = {
    "a.pickle": lambda table: pickle.dumps({name: row.tolist() for name, row in table.iterrows()}),
    "b.pkl": lambda table: pickle.dumps(dict(zip(table.index, table.to_numpy(), strict=True)), protocol=2),
    "a.npz": lambda table: written(np.savez, genes=table.index.to_numpy(dtype=object), vectors=table.to_numpy()),
    "b.npz": lambda table: written(np.savez_compressed, a=table.to_numpy(), b=table.index.to_numpy().astype("S")),
    "c.npz": lambda table: written(np.savez, a=table.to_numpy(dtype=object), b=table.index.to_numpy(dtype=object)),
    "d.npz": lambda table: written(np.savez, names=table.index.to_numpy(dtype=object), a=of_lists(table)),
    "a.npy": lambda table: written(np.save, {name: row.tolist() for name, row in table.iterrows()}, allow_pickle=True),
    "a.parquet": lambda table: written(lambda file: table.to_parquet(file)),
    "a.csv": lambda table: of_text(table),
    "b.csv": lambda table: of_text(table, sep=";", decimal=","),
    "c.csv": lambda table: of_text(table).decode().encode("utf-16"),
    "d.csv": lambda table: b"# by somebody\n" + of_text(table, sep="\t"),
    "R.csv": lambda table: of_text(table).removeprefix(b","),
    "a.tsv": lambda table: of_text(table, sep="\t", lineterminator="\r\n"),
}


def of_lists(table):
    vectors = np.empty(len(table), dtype=object)
    vectors[:] = [row.tolist() for row in table.to_numpy()]
    return vectors


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_files(cells, table, tmp_path, name, compressed):
    path = tmp_path / f"{name}{'.gz' if compressed else ''}"
    content = FILES[name](table)
    path.write_bytes(gzip.compress(content) if compressed else content)
    check(cells, table, path)


@pytest.mark.parametrize("array", ["plain", "objects", "lists"])
def test_arrays_with_names_beside_them(cells, table, tmp_path, array):
    content = {"plain": table.to_numpy(), "objects": table.to_numpy(dtype=object), "lists": of_lists(table)}[array]
    np.save(tmp_path / "a.npy", content, allow_pickle=True)
    check(cells, table, tmp_path / "a.npy", names=table.index)


def test_a_matrix_alone_in_an_archive_is_as_one_in_a_file(cells, table, tmp_path):
    np.savez(tmp_path / "a.npz", table.to_numpy())
    check(cells, table, tmp_path / "a.npz", names=table.index)
    check(cells, table, tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a.pickle", "a.npz", "a.npy", "a.pickle.gz"])
def test_code_in_a_file_is_not_run(cells, tmp_path, name):
    evil = np.array([Calls((tmp_path / "ran").mkdir)], dtype=object)
    content = {
        "pickle": pickle.dumps({"TF0": Calls((tmp_path / "ran").mkdir)}),
        "npz": written(np.savez, names=evil),
        "npy": written(np.save, evil, allow_pickle=True),
    }[name.split(".")[1]]
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with pytest.raises(ValueError, match=rf"{name}.* holds .*any other object can run code"):
        pp.add_embeddings(cells, tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("found", [found for found in FOREIGN if "program" not in found])
def test_another_kind_of_file_is_named(cells, tmp_path, found):
    (tmp_path / "a.csv").write_bytes(FOREIGN[found])
    with pytest.raises(ValueError, match=rf"'a\.csv' .*{found.replace('.*', '|')}"):
        pp.add_embeddings(cells, tmp_path / "a.csv")


@pytest.mark.parametrize("name", FILES)
def test_half_of_a_file_is_never_a_whole_one(cells, table, tmp_path, name):
    content = FILES[name](table)
    half = content[: len(content) // 2 + 1]
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content)[: len(content) // 3])
    with pytest.raises(ValueError, match="cut off|damaged"):
        pp.add_embeddings(cells, tmp_path / f"{name}.gz")
    if name.endswith(("csv", "tsv")):
        return  # the rows that are there
    (tmp_path / name).write_bytes(half)
    with pytest.raises(ValueError, match=rf"{name}.*damaged|{name}.*zip archive"):
        pp.add_embeddings(cells, tmp_path / name)


def test_the_gene_na_is_no_missing_value(cells, table, tmp_path):
    cells.var_names = ["NA", "nan", *cells.var_names[2:]]
    table.set_axis(cells.var_names).to_csv(tmp_path / "a.csv")
    check(cells, table, tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.pickle", "a.npy", "a.npz"])
def test_a_small_file_of_endless_lists_is_refused_at_once(cells, tmp_path, name):
    nested = [1.0] * 20
    for _ in range(12):
        nested = [nested] * 20
    array = np.empty(1, dtype=object)
    array[0] = nested
    content = {
        "a.pickle": lambda: pickle.dumps({"TF0": nested}),
        "a.npy": lambda: written(np.save, {"TF0": nested}, allow_pickle=True),
        "a.npz": lambda: written(np.savez, TF0=array),
    }[name]()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="vector of 'TF0' is not a sequence of numbers .it holds a list"):
        pp.add_embeddings(cells, tmp_path / name)


class TestTextFiles:
    def test_without_titles_the_first_line_is_a_gene(self, cells, table, tmp_path, caplog):
        table.to_csv(tmp_path / "a.csv", header=False)
        check(cells, table, tmp_path / "a.csv")
        assert "'a.csv' has no header: its first line is read as the first row, of 'TF0'" in caplog.text

    @pytest.mark.parametrize("first", [0, 1])
    def test_numbers_as_titles_are_titles(self, cells, table, tmp_path, caplog, first):
        table.set_axis(range(first, first + 3), axis=1).rename_axis("gene").to_csv(tmp_path / "a.csv")
        check(cells, table, tmp_path / "a.csv")
        assert "no header" not in caplog.text

    def test_lines_of_an_old_mac(self, cells, table, tmp_path):
        table.to_csv(tmp_path / "a.csv", lineterminator="\r")
        check(cells, table, tmp_path / "a.csv")

    def test_a_cell_of_any_length(self, cells, table, tmp_path):
        table.assign(text="x" * 140_000).to_csv(tmp_path / "a.csv")
        check(cells, table, tmp_path / "a.csv")

    def test_titles_alone(self, cells, table, tmp_path):
        table[:0].to_csv(tmp_path / "a.csv")
        with pytest.raises(ValueError, match="^The table of embeddings is empty"):
            pp.add_embeddings(cells, tmp_path / "a.csv")

    def test_row_numbers_in_a_file(self, cells, table, tmp_path):
        table.reset_index(names="gene").to_csv(tmp_path / "a.csv")
        check(cells, table, tmp_path / "a.csv")


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
