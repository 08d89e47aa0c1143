"""One run at a time in a folder, whatever ended the last."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from infosem import datasets
from infosem.benchmark import Dataset, Entry, Grid, methods, run
from infosem.benchmark import _lock as module
from infosem.benchmark._lock import locked


def hold(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and their children
    with locked(folder):
        (folder / "held").touch()
        time.sleep(60)


@pytest.fixture
def holder(tmp_path: Path) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=hold, args=(tmp_path,))
    process.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "held").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    yield process
    process.kill()
    process.join()


def grid() -> Grid:
    adata = datasets.simulate(60, 40, 10, seed=0)
    adata.varp["chip"] = np.zeros((40, 40))
    adata.varp["chip"][:10] = np.random.default_rng(0).random((10, 40)) < 0.3
    dataset = Dataset(name="data", source=adata, networks={"chip": "chip"}, regulator_key="is_regulator")
    return Grid(datasets=(dataset,), entries=(Entry(method=methods.RandomOrder()),), n_splits=1)


def test_a_second_run_is_refused_with_the_process_that_holds_the_folder(
    holder: multiprocessing.Process, tmp_path: Path
) -> None:
    with pytest.raises(BlockingIOError, match=rf"process {holder.pid} on .* writes to {tmp_path}: .* output folder\.$"):
        run(grid(), output=tmp_path, progress=False)
    assert not (tmp_path / "results.csv").exists()
    assert len(run(grid(), output=tmp_path / "other", progress=False)) == 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_kill_leaves_no_lock(number: signal.Signals, holder: multiprocessing.Process, tmp_path: Path) -> None:
    os.kill(holder.pid, number)
    holder.join()
    assert len(run(grid(), output=tmp_path, progress=False)) == 4


def test_the_folder_is_free_after_a_run_and_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path):
            assert list(tmp_path.iterdir())
        assert not list(tmp_path.iterdir())
    with pytest.raises(RuntimeError, match="of the run"), locked(tmp_path):
        raise RuntimeError("of the run")
    with locked(tmp_path), pytest.raises(BlockingIOError), locked(tmp_path):  # also within one process
        pass


def compete(folder: Path, n: int) -> None:
    """Add one to a number in a file, again and again, whenever the folder is free."""
    for _ in range(n):
        while True:
            try:
                with locked(folder):
                    path = folder / "count"
                    count = int(path.read_text()) if path.exists() else 0
                    time.sleep(0.0005)
                    path.write_text(str(count + 1))
                break
            except BlockingIOError:
                time.sleep(0.0005)


def test_of_many_at_once_one_holds_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=compete, args=(tmp_path, 40)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert (tmp_path / "count").read_text() == "160"


def test_a_file_system_without_locks_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(_: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(module, "_lock", none)
    assert len(run(grid(), output=tmp_path, progress=False)) == 4
    assert "No locks available" in caplog.text


def a_file(folder: Path) -> Path:
    (folder / "out").write_text("mine")
    return folder / "out"


def results_that_are_a_folder(folder: Path) -> Path:
    (folder / "out" / "results.csv").mkdir(parents=True)
    return folder / "out"


@pytest.mark.parametrize("output", [a_file, results_that_are_a_folder])
def test_an_output_that_cannot_be_written_to_is_refused_before_the_first_fit(
    output: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods.RandomOrder, "score", lambda *_, **__: pytest.fail("fitted"))
    with pytest.raises(OSError, match="output"):
        run(grid(), output=output(tmp_path), progress=False)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused_before_the_first_fit(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(PermissionError, match="output: nothing can be written"):
        run(grid(), output=tmp_path, progress=False)
