"""Scripts in processes of their own that need not import torch and scvi-tools again, which takes several seconds."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")  # its server has run nothing, whatever tests ran here before
_CONTEXT.set_forkserver_preload(["infosem.model._infosem", "infosem.cli._main"])


def run_script(code: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What ``python -c code arguments`` does in a folder, and how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("stdout", "stderr")]
        given = {
            "code": code,
            "argv": ["-c", *map(str, arguments)],
            "cwd": str(cwd),
            "outputs": [str(path) for path in outputs],
        }
        process = _CONTEXT.Process(target=exec, args=(_CHILD, given | {"environment": dict(os.environ)}))
        process.start()
        process.join(300)
        if process.exitcode is None:
            process.kill()
            process.join()
        stdout, stderr = (path.read_text() if path.exists() else "" for path in outputs)
    return subprocess.CompletedProcess([sys.executable, *given["argv"]], process.exitcode, stdout, stderr)


_CHILD = """
import os, sys
for number, path in zip((1, 2), outputs):
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
os.environ.clear()
os.environ.update(environment)
os.chdir(cwd)
sys.argv = argv
sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))
exec(code, {"__name__": "__main__"})
"""
