"""Processes of joblib end with the one that started them, and with no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import psutil
import pytest

from infosem.model import _parallel
from infosem.model._parallel import end_with_parent, in_parallel

CHILD = """
import sys, time
from pathlib import Path

import joblib

from infosem.model._parallel import in_parallel

def sleeps(folder):
    (folder / str(time.time_ns())).touch()
    time.sleep(120)

if __name__ == "__main__":
    with joblib.parallel_config(sys.argv[1]):
        list(in_parallel(sleeps, [Path(sys.argv[2])] * 2, 2, in_order=False))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_no_process_outlives_a_killed_parent(backend: str, number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "started").mkdir()
    parent = psutil.Popen(
        [sys.executable, tmp_path / "child.py", backend, tmp_path / "started"], stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "started").iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = parent.children(recursive=True)
    assert len(workers) >= 2
    parent.send_signal(number)
    parent.wait(10)
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


def n_watching() -> int:
    return sum(thread._target is _parallel._end_with for thread in threading.enumerate())  # type: ignore[attr-defined]


def watching(_: int) -> tuple[int, int]:
    return os.getpid(), n_watching()


@pytest.mark.parametrize(
    ("backend", "n_jobs", "expected"),
    [
        ("threading", 2, 0),
        ("sequential", 1, 0),
        ("loky", 1, 0),
        pytest.param("loky", 2, 1, marks=pytest.mark.slow),
        ("multiprocessing", 2, 1),
    ],
)
def test_only_processes_of_joblib_watch_their_parent(backend: str, n_jobs: int, expected: int) -> None:
    with joblib.parallel_config(backend):
        seen = list(in_parallel(watching, range(4), n_jobs, in_order=True))
    assert {n for _, n in seen} == {expected}
    assert (os.getpid() in {pid for pid, _ in seen}) == (expected == 0)
    assert n_watching() == 0


def test_a_process_that_is_no_child_of_the_parent_is_left_alone() -> None:
    # a worker of dask or ray, on this machine or another, is started by somebody else
    for parent in (os.getpid(), 1):
        end_with_parent(parent)
        assert n_watching() == 0


@pytest.mark.slow
def test_an_initializer_of_the_user_stays() -> None:
    with joblib.parallel_config("loky", initializer=os.putenv, initargs=("MINE", "1")):
        seen = list(in_parallel(watching, range(2), 2, in_order=True))
    assert {n for _, n in seen} == {0}
