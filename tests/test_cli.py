"""The command, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anndata as ad
import networkx as nx
import pandas as pd
import pytest

from infosem import get
from infosem.cli._main import main


def infosem(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "infosem", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_infer_writes_the_network_and_the_edges(cells, tmp_path):
    cells.varm["text"] = cells.varm.pop("gene_embedding")
    cells.write_h5ad(tmp_path / "cells.h5ad")
    done = infosem(
        "infer", "cells.h5ad", "--embedding-key", "text", "--interactions-key", "known_interactions",
        "--regulator-key", "is_regulator", "--output", "out.h5ad", "--edges", "edges.csv", "--top", 20,
        "--max-epochs", 3, "--seed", 4, "--key-added", "grn", "--accelerator", "cpu",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "3/3" in done.stdout  # the progress bar
    back = ad.read_h5ad(tmp_path / "out.h5ad")
    assert back.uns["grn"]["prior"] == "embedding+interactions"
    assert back.uns["grn"]["seed"] == 4
    edges = pd.read_csv(tmp_path / "edges.csv")
    assert len(edges) == 20
    strongest = edges.iloc[0]
    row, column = back.var_names.get_loc(strongest["source"]), back.var_names.get_loc(strongest["target"])
    assert back.varp["grn_strength"][row, column] == pytest.approx(abs(strongest["weight"]), rel=1e-5)


def test_parts_can_be_switched_off(cells, tmp_path, capsys):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    status = main(
        [
            "infer", str(tmp_path / "cells.h5ad"), "--output", str(tmp_path / "out.h5ad"), "--embedding-key", "none",
            "--interactions-key", "none", "--regulator-key", "none", "--max-epochs", "1", "--quiet",
            "--accelerator", "cpu",
        ]
    )  # fmt: skip
    assert status == 0
    assert ad.read_h5ad(tmp_path / "out.h5ad").varp["infosem"].shape == (24, 24)
    assert ad.read_h5ad(tmp_path / "out.h5ad").uns["infosem"]["prior"] == "laplace"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("edges.tsv", lambda path: pd.read_csv(path, sep="\t")),
        ("edges.parquet", pd.read_parquet),
        ("edges.graphml", lambda path: nx.to_pandas_edgelist(nx.read_graphml(path))),
    ],
)
def test_the_ending_says_how_the_edges_are_written(cells, tmp_path, capsys, name, read):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    options = ["--top", "20", "--max-epochs", "1", "--accelerator", "cpu", "--quiet"]
    paths = [str(tmp_path / part) for part in ("cells.h5ad", "out.h5ad", name)]
    assert main(["infer", paths[0], "--output", paths[1], "--edges", paths[2], *options]) == 0
    expected = get.network(ad.read_h5ad(paths[1]), top=20).set_index(["source", "target"])["weight"]
    found = read(paths[2]).set_index(["source", "target"])["weight"]
    assert found[expected.index].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": "absent.h5ad"}, "absent.h5ad"),
        ({"--output": "no/such/folder/out.h5ad"}, "folder"),
        ({"--output": "out.csv"}, "must end in .h5ad"),
        ({"--embedding-key": "typo"}, "'typo' is not in adata.varm"),
        ({"--key-added": "known_interactions"}, "Choose another --key-added"),
        ({"--edges": "."}, "is a folder"),
        ({"--edges": "edges.xlsx"}, "'edges.xlsx' ends with none of .csv, .tsv, .parquet, .graphml"),
    ],
)
def test_errors_are_one_line(cells, tmp_path, monkeypatch, capsys, change, message):
    monkeypatch.chdir(tmp_path)
    cells.write_h5ad("cells.h5ad")
    arguments = {"--output": "out.h5ad", **change}
    path = arguments.pop("input", "cells.h5ad")
    status = main(["infer", path, "--quiet", *(part for pair in arguments.items() for part in pair)])
    error = capsys.readouterr().err
    assert status == 1
    assert error.startswith("infosem: error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not Path("out.h5ad").exists(), "it is seen before training"


@pytest.mark.slow
def test_demo(tmp_path):
    done = infosem("demo", "--output", "demo", "--max-epochs", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Strongest edges" in done.stdout
    adata = ad.read_h5ad(tmp_path / "demo" / "pbmc.h5ad")
    assert adata.shape == (700, 765)
    assert adata.uns["infosem"]["prior"] == "embedding+interactions"
    assert len(pd.read_csv(tmp_path / "demo" / "edges.csv")) == 26 * 765 - 26
    assert (tmp_path / "demo" / "network.png").read_bytes().startswith(b"\x89PNG")


def test_help_and_import_stay_light(tmp_path):
    code = "import sys, infosem, infosem.cli; print(sorted({'torch', 'scvi', 'scanpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert "infer" in infosem("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(("before", "after"), [("NOTSET", "INFO"), ("ERROR", "ERROR"), ("DEBUG", "DEBUG")])
def test_importing_keeps_the_level_of_the_log_that_somebody_has_set(before, after):
    code = f"import logging; logger = logging.getLogger('infosem'); logger.setLevel({before!r}); import infosem"
    code += "; print(logging.getLevelName(logger.level))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == after
