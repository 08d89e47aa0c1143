"""The notebooks of tutorials/ run, and are committed with their outputs."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

TUTORIALS = sorted((Path(__file__).parents[1] / "tutorials").glob("*.ipynb"))
TIMEOUT = 600  # seconds a cell may take, of which none takes more than some ten on a machine of its own
MACHINE_PATH = re.compile(r"site-packages|(?<![\w<.])/(home|Users|root|tmp|work|opt|usr)/")

pytestmark = pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.slow
def test_runs(path, tmp_path, monkeypatch):
    shutil.copy2(path, tmp_path)
    notebook = nbformat.read(tmp_path / path.name, as_version=4)
    if notebook.metadata.get("infosem", {}).get("needs_data") and not os.environ.get("INFOSEM_DATA"):
        pytest.skip("needs real data: set INFOSEM_DATA to a folder laid out as the project's shared data")
    # threads that wait for each other on few cores take ten times as long
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    client = NotebookClient(
        notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        pytest.fail(str(error), pytrace=False)


def test_is_committed_as_executed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    cells = code_cells(notebook)
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1)), "not executed in order, from the first cell"
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs), "no figure"
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"], "warnings or log"


def test_is_small_and_has_no_path_of_a_machine(path):
    assert path.stat().st_size < 600_000
    outputs = [output for cell in code_cells(nbformat.read(path, as_version=4)) for output in cell.outputs]
    for output in outputs:
        texts = [text for kind, text in output.get("data", {}).items() if kind != "image/png"]
        assert not MACHINE_PATH.search(f"{output.get('text', '')} {texts}")
