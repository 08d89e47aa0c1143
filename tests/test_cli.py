"""The command, as a process of its own."""

from __future__ import annotations

import subprocess
import sys

import anndata as ad
import pandas as pd
import pytest

from infosem._cli import main


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
    assert abs(back.varp["grn"][row, column]) == pytest.approx(abs(strongest["weight"]), rel=1e-5)


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
    ("change", "message"),
    [
        ({"input": "absent.h5ad"}, "absent.h5ad"),
        ({"--output": "no/such/folder/out.h5ad"}, "folder"),
        ({"--output": "out.csv"}, "must end in .h5ad"),
        ({"--embedding-key": "typo"}, "'typo' is not in adata.varm"),
        ({"--key-added": "known_interactions"}, "choose another --key-added"),
        ({"--edges": "."}, "is a folder"),
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
    code = "import sys, infosem, infosem._cli; print(sorted({'torch', 'scvi', 'scanpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert "infer" in infosem("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize(("before", "after"), [("NOTSET", "INFO"), ("ERROR", "ERROR"), ("DEBUG", "DEBUG")])
def test_importing_keeps_the_level_of_the_log_that_somebody_has_set(before, after):
    code = f"import logging; logger = logging.getLogger('infosem'); logger.setLevel({before!r}); import infosem"
    code += "; print(logging.getLevelName(logger.level))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == after
