"""Files appear whole or not at all, whatever ends the command."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

from infosem.cli._main import main
from infosem.files._atomic import check_writable, replacing

from .forked import run_script

_INFER = """
import os, signal, sys
import anndata
from infosem import InfoSEM
from infosem.cli._main import main

{patch}
sys.exit(main(["infer", "cells.h5ad", "--output", sys.argv[1], "--edges", "edges.csv", "--max-epochs", sys.argv[2],
               "--accelerator", "cpu", "--quiet"]))
"""
_HALF_WRITTEN = """
write = anndata.AnnData.write_h5ad
def half(self, path, **options):
    write(self, path, **options)
    os.truncate(path, os.path.getsize(path) // 2)
    {then}
anndata.AnnData.write_h5ad = half
"""
_WHILE_WRITING = """
write = anndata.AnnData.write_h5ad
def interrupted(self, path, **options):
    for _ in range(2):
        signal.raise_signal(signal.SIGINT)
    write(self, path, **options)
anndata.AnnData.write_h5ad = interrupted
"""
_WHILE_TRAINING = """
from infosem.train._plan import NetworkTrainingPlan
step = NetworkTrainingPlan.training_step
def interrupted(self, batch, batch_idx):
    loss = step(self, batch, batch_idx)
    if self.current_epoch == 1:
        signal.raise_signal(signal.SIGINT)
    return loss
NetworkTrainingPlan.training_step = interrupted
"""


def infer(folder, patch, *, output="cells.h5ad", epochs=2):
    return run_script(_INFER.format(patch=patch), output, epochs, cwd=folder)


@pytest.fixture
def folder(cells, tmp_path):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    (tmp_path / "edges.csv").write_text("source,target,weight\na,b,1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("then", "status"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("signal.raise_signal(signal.SIGTERM)", 128 + signal.SIGTERM),
        ("raise OSError(28, 'No space left on device')", 1),
    ],
)
def test_an_end_while_the_cells_are_written_over_leaves_what_was_there(folder, then, status):
    before = [(folder / name).read_bytes() for name in ("cells.h5ad", "edges.csv")]
    done = infer(folder, _HALF_WRITTEN.format(then=then))
    assert done.returncode == status, done.stderr
    assert [(folder / name).read_bytes() for name in ("cells.h5ad", "edges.csv")] == before
    visible = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert visible == ["cells.h5ad", "edges.csv"]
    if status != -signal.SIGKILL:
        assert len(list(folder.iterdir())) == 2, "nothing is left behind"
    if status == 1:
        assert done.stderr.startswith("infosem: error: ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("patch", "epochs"), [(_WHILE_TRAINING, 50), (_WHILE_WRITING, 2)])
def test_two_quick_interruptions_keep_the_network(folder, patch, epochs):
    done = infer(folder, patch + (_WHILE_WRITING if patch is _WHILE_TRAINING else ""), epochs=epochs)
    assert done.returncode == 130, done.stderr
    assert "infosem" in ad.read_h5ad(folder / "cells.h5ad").uns
    assert len(pd.read_csv(folder / "edges.csv")) > 100


def test_outputs_are_tried_before_training(folder, monkeypatch, capsys):
    monkeypatch.setattr("infosem.InfoSEM.train", None)  # whoever calls it fails otherwise
    (folder / "file").write_text("")
    (folder / "closed").mkdir()
    monkeypatch.chdir(folder)
    for options, message in (
        (["--edges", "file/edges.csv"], "folder"),
        (["--edges", "edges.csv", "--top", "-1"], "--top -1"),
        (["--edges", "cells.h5ad.csv", "--key-added", "a/b"], "slash"),
        (["--edges", "edges.parquet.gz"], "edges.parquet.gz"),
    ):
        assert main(["infer", "cells.h5ad", "--output", "out.h5ad", "--quiet", *options]) == 1
        assert message in capsys.readouterr().err
    assert not (folder / "out.h5ad").exists()


def test_a_full_disk_is_seen_before_training(folder, monkeypatch, capsys):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr("infosem.InfoSEM.train", None)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        assert main(["infer", str(folder / "cells.h5ad"), "--output", str(folder / "cells.h5ad"), "--quiet"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "are not available (File too large)" in capsys.readouterr().err
    assert ad.read_h5ad(folder / "cells.h5ad").shape == (120, 24)


def half_written(path, write):
    with replacing(path) as temporary:
        write(temporary)
        (path.parent / "absent").read_text()


class TestReplacing:
    def test_a_file(self, tmp_path):
        path = tmp_path / "table.csv.gz"
        path.write_text("old")
        path.chmod(0o640)
        with pytest.raises(FileNotFoundError):
            half_written(path, lambda temporary: temporary.write_text("half"))
        assert path.read_text() == "old"
        with replacing(path) as temporary:
            assert temporary.name.endswith(".csv.gz")
            temporary.write_text("new")
        assert path.read_text() == "new"
        assert path.stat().st_mode & 0o777 == 0o640
        assert [other.name for other in tmp_path.iterdir()] == ["table.csv.gz"]

    def test_what_a_link_points_to(self, tmp_path):
        (tmp_path / "file").write_text("old")
        (tmp_path / "link").symlink_to(tmp_path / "file")
        with replacing(tmp_path / "link") as temporary:
            temporary.write_text("new")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "file").read_text() == "new"

    def test_a_folder(self, tmp_path):
        folder = tmp_path / "cells.zarr"
        for text in ("old", "new"):
            with replacing(folder) as temporary:
                (temporary / "inside").mkdir(parents=True)
                (temporary / "inside" / "file").write_text(text)
        with pytest.raises(FileNotFoundError):
            half_written(folder, Path.mkdir)
        assert (folder / "inside" / "file").read_text() == "new"
        assert [other.name for other in tmp_path.iterdir()] == ["cells.zarr"]

    def test_where_nothing_can_be_written(self, tmp_path):
        with pytest.raises(IsADirectoryError, match=r"--edges: .*is a folder"):
            check_writable(tmp_path, argument="--edges")
        with pytest.raises(FileNotFoundError, match="does not exist"):
            check_writable(tmp_path / "absent" / "file")
        check_writable(tmp_path / "file")
        assert not list(tmp_path.iterdir())
