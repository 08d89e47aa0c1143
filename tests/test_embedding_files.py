"""Embeddings from files and tables of all kinds."""

from __future__ import annotations

import gzip
import io
import logging
import pickle

import numpy as np
import pandas as pd
import pytest

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


class TestTables:
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
        assert "names of the embeddings are the table's index; columns of text are left out: remark" in caplog.text

    def test_numbers_that_are_missing_make_a_row_of_none(self, cells, table):
        pp.add_embeddings(cells, table.astype(object).where(table.index.to_series().ne("TF1"), None))
        assert np.isnan(cells.varm["gene_embedding"]).all(1).nonzero()[0].tolist() == [1]

    def test_which_column_is_the_names_is_asked(self, cells, table):
        ambiguous = table.rename_axis("symbol").reset_index().assign(other=[f"E{n}" for n in range(24)])
        with pytest.raises(ValueError, match=r"'symbol', 'other'.*table\.set_index\('symbol'\)"):
            pp.add_embeddings(cells, ambiguous)
        check(cells, table, ambiguous.set_index("symbol"))

    def test_no_numbers(self, cells, table):
        with pytest.raises(ValueError, match="no column of numbers, but remark"):
            pp.add_embeddings(cells, pd.DataFrame({"remark": "x"}, index=table.index))
        with pytest.raises(ValueError, match="2 levels"):
            pp.add_embeddings(cells, table.set_index("a", append=True))
        with pytest.raises(ValueError, match="vector of 'TF1' is no sequence of numbers"):
            pp.add_embeddings(cells, {"TF0": [1.0, 2.0], "TF1": "text"})
