"""Embeddings from files of all kinds."""

from __future__ import annotations

import gzip
import io
import pickle

import numpy as np
import pytest

from infosem import pp
from tests.test_name_lists import FOREIGN
from tests.test_safe_pickle import Calls

from .embeddings import check


def written(save, *arguments, **options):
    file = io.BytesIO()
    save(file, *arguments, **options)
    return file.getvalue()


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
