"""Keys of AnnData: checked first, kept by name, and what is not ours is never replaced."""

from __future__ import annotations

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from infosem import InfoSEM, datasets, get, pp, tl, train_ensemble
from infosem.data._places import file_key

from .conftest import QUIET

SHORT = {"max_epochs": 1, **QUIET}
EDGES = pd.DataFrame({"source": ["TF0"], "target": ["gene1"]})
TEXT = pd.DataFrame({"symbol": ["TF0", "TF1", "gene1"], "name": ["factor of blood"] * 3})
BAD_KEYS = ("run/1", "", "  ", ".", "_index", "_scvi_uuid", "a\x00b", "a\nb", None, 3)


def state(adata):
    """Everything of an AnnData, as one checksum."""
    parts = [adata.obs_names, adata.var_names]
    # by their values: text of pandas 3 keeps its numbers of bytes in memory, which change when it is looked at
    parts += [
        (name, str(column.dtype), list(column)) for table in (adata.obs, adata.var) for name, column in table.items()
    ]
    mappings = (adata.layers, adata.obsm, adata.varm, adata.obsp, adata.varp, adata.uns)
    # anndata 0.13 lists X among the layers
    parts += [{key: value for key, value in dict(mapping).items() if key is not None} for mapping in mappings]
    return joblib.hash([adata.X, *parts])


@pytest.fixture
def model(cells):
    cells.obs["group"] = np.repeat(["a", "b"], 60)
    cells.obsm["X_umap"] = np.random.default_rng(0).normal(size=(120, 2))
    cells.obsp["connectivities"] = sparse.csr_matrix(np.ones((120, 120)))
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    model.train(**SHORT)
    return model


def writers(model):
    """Every function that writes under a key of the user's."""
    cells = model.adata
    options = {"train_kwargs": SHORT, "progress": False}
    pp.gene_text(cells, TEXT, key_added="text")
    return {
        "InfoSEM.write_network": lambda key: model.write_network(key_added=key),
        "Ensemble.write_network": lambda key: train_ensemble(cells, 2, **options).write_network(cells, key_added=key),
        "tl.perturb": lambda key: tl.perturb(cells, "TF0", model=model, key_added=key),
        "pp.regulators": lambda key: pp.regulators(cells, ["TF0", "TF1"], key_added=key),
        "pp.gene_text": lambda key: pp.gene_text(cells, TEXT, key_added=key),
        "pp.add_embeddings": lambda key: pp.add_embeddings(cells, np.ones((24, 2)), key_added=key),
        "pp.embed_terms": lambda key: pp.embed_terms(cells, text_key="text", min_genes=1, key_added=key),
        "pp.combine_embeddings": lambda key: pp.combine_embeddings(cells, ["one", "two"], key_added=key),
        "pp.known_interactions": lambda key: pp.known_interactions(cells, EDGES, key_added=key),
    }


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_a_file_cannot_hold_is_refused_before_anything_else(model, key):
    for name, write in writers(model).items():
        before = state(model.adata)
        with pytest.raises((TypeError, ValueError), match=r"key_added|adata\.var"):
            write(key)
        assert state(model.adata) == before, name


def test_what_is_not_ours_is_never_replaced(model):
    cells = model.adata
    cells.uns["mine"] = {"notes": "of the user"}
    cells.varp["mine"] = sparse.csr_matrix(np.eye(24))
    cells.varm["mine"] = np.ones((24, 1))
    cells.layers["mine"] = np.ones(cells.shape)
    cells.var["mine"] = "text"
    cells.uns["mine:a"] = "a note"
    for name, write in writers(model).items():
        before = state(cells)
        with pytest.raises(ValueError, match="uns has no note"):
            write("mine")
        assert state(cells) == before, name


def test_what_is_ours_is_replaced_by_the_same(model):
    for name, write in writers(model).items():
        if name == "pp.combine_embeddings":
            for key in ("one", "two"):
                pp.add_embeddings(model.adata, np.ones((24, 2)), key_added=key)
        key = name.replace(".", "_")
        write(key)
        once = state(model.adata)
        write(key)
        assert state(model.adata) == once, name


def test_only_a_mask_may_be_made_by_hand_first(cells):
    for key in ("is_regulator", "gene_embedding", "known_interactions"):
        cells.uns.pop(key, None)
    pp.regulators(cells, ["TF0", "TF1"])
    for write in (
        lambda: pp.add_embeddings(cells, np.ones((24, 2))),
        lambda: pp.known_interactions(cells, EDGES),
    ):
        with pytest.raises(ValueError, match="uns has no note"):
            write()
    assert cells.uns["is_regulator"]["made_by"] == "infosem.pp.regulators"
    assert cells.var["is_regulator"].sum() == 2
    cells.var["is_regulator"] = "text"
    del cells.uns["is_regulator"]
    with pytest.raises(ValueError, match="uns has no note"):
        pp.regulators(cells, ["TF0", "TF1"])


def test_keys_of_groups_are_different_for_different_names():
    names = [
        "/",
        "%",
        "%2F",
        "|",
        "a/b",
        "a|b",
        "T",
        "T_sign",
        "T%5Fsign",
        "T_sign_sign",
        "x_q_value",
        "\n",
        "\ud800",
        "é",
    ]
    keys = [file_key("n", name) for name in names]
    assert len(set(keys)) == len(names)
    assert not [key for key in keys if re.search(r"[/\n]", key) or key.endswith(("_sign", "_q_value"))]
    assert file_key("infosem", "CD4 T") == "infosem:CD4 T"


def test_a_network_and_its_parts_do_not_share_a_name(trained, cells):
    trained.write_network(key_added="run")
    with pytest.raises(ValueError, match="'run_sign'"):
        trained.write_network(key_added="run_sign")
    with pytest.raises(ValueError, match="part of the network 'run'"):
        trained.write_network(key_added="run_q_value")
    trained.write_network(key_added="other_q_value")
    with pytest.raises(ValueError, match="network 'other_q_value'"):
        trained.write_network(key_added="other")


def raising_calls(cells, model):
    """Calls that raise for another reason than their key."""
    absent = pd.DataFrame({"source": ["x"], "target": ["y"]})
    both = {"negatives": EDGES}
    InfoSEM.setup_anndata(cells)
    return {
        "no regulator": lambda: pp.regulators(cells, ["typo"]),
        "no list": lambda: pp.regulators(cells, "typo"),
        "no true": lambda: pp.regulators(cells, np.zeros(24, dtype=bool)),
        "mask of another length": lambda: pp.regulators(cells, [True, False]),
        "no column": lambda: pp.regulators(cells, ["TF0"], gene_key="typo"),
        "no interaction": lambda: pp.known_interactions(cells, absent),
        "contradiction": lambda: pp.known_interactions(cells, EDGES, **both),
        "no embedding": lambda: pp.add_embeddings(cells, {"x": [1.0]}),
        "lengths": lambda: pp.add_embeddings(cells, {"TF0": [1.0], "TF1": [1.0, 2.0]}),
        "no text": lambda: pp.gene_text(cells, TEXT.assign(symbol="x")),
        "no column of text": lambda: pp.gene_text(cells, TEXT[["symbol"]]),
        "nothing to embed": lambda: pp.embed_terms(cells),
        "no model": lambda: pp.embed_genes(cells, "no/such/model", text_key="words"),
        "key to combine": lambda: pp.combine_embeddings(cells, ["gene_embedding", "typo"]),
        "layer": lambda: InfoSEM.setup_anndata(cells, layer="typo"),
        "embedding": lambda: InfoSEM.setup_anndata(cells, embedding_key="typo"),
        "interactions": lambda: InfoSEM.setup_anndata(cells, interactions_key="typo"),
        "regulators": lambda: InfoSEM.setup_anndata(cells, regulator_key="words"),
        "prior": lambda: InfoSEM(cells, prior="typo"),
        "group": lambda: InfoSEM.setup_anndata(cells, group_key="typo"),
        "gene": lambda: tl.perturb(cells, "typo", model=model),
        "to and fold": lambda: tl.perturb(cells, "TF0", model=model, to=1, fold=1),
        "shift": lambda: tl.project_shift(cells, key="typo"),
        "n_models": lambda: train_ensemble(cells, 1),
        "permutations": lambda: tl.false_discovery_rate(model, n_permutations=0),
        "other genes": lambda: model.write_network(cells[:, :5].copy()),
        "network": lambda: get.network(cells, "typo"),
    }


def test_an_error_leaves_the_data_as_they_were(model):
    cells = model.adata
    cells.var["words"] = "some words"
    calls = raising_calls(cells, model)
    for name, call in calls.items():
        before = state(cells)
        with pytest.raises((KeyError, ValueError, TypeError, OSError)):
            call()
        assert state(cells) == before, name


def test_a_view_stays_usable_after_an_error():
    cells = datasets.simulate(60, 12, 3)
    view = cells[:40]
    with pytest.raises(KeyError):
        InfoSEM.setup_anndata(view, layer="typo")
    assert view.shape == (40, 12)
    assert not [key for key in cells.uns if key.startswith("_scvi")]


def test_entries_of_different_kinds_do_not_replace_each_other(model):
    model.write_network()
    pp.regulators(model.adata, ["TF0", "TF1"], key_added="marked")
    pp.gene_text(model.adata, TEXT, key_added="described")
    before = state(model.adata)
    for name, write in writers(model).items():
        for key in ("infosem", "marked", "described", "known_interactions"):
            if (name, key) in {
                ("InfoSEM.write_network", "infosem"), ("Ensemble.write_network", "infosem"),
                ("pp.regulators", "marked"), ("pp.gene_text", "described"),
                ("pp.known_interactions", "known_interactions"),
            }:  # fmt: skip
                continue
            with pytest.raises(ValueError, match="uns has no note"):
                write(key)
    model.adata.uns.pop("text")
    del model.adata.var["text"]
    assert state(model.adata) == before


def test_a_part_of_somebody_else_is_not_lost(trained, cells):
    cells.varp["run_probability"] = sparse.csr_matrix(np.eye(24))
    with pytest.raises(ValueError, match=r"del adata.varp\['run_probability'\]"):
        trained.write_network(key_added="run")
    InfoSEM.setup_anndata(cells, interactions_key=None)
    without = InfoSEM(cells)
    without.train(**SHORT)
    without.write_network(key_added="run")
    without.write_network(key_added="run")
    assert cells.varp["run_probability"].nnz == 24
    cells.varp["run_q_value"] = sparse.csr_matrix(np.eye(24))
    with pytest.raises(ValueError, match="run_q_value"):
        tl.false_discovery_rate(without, n_permutations=1, train_kwargs=SHORT, key="run", progress=False)
    del cells.varp["run_q_value"]
    for _ in range(2):
        tl.false_discovery_rate(without, n_permutations=1, train_kwargs=SHORT, key="run", progress=False)
    assert "q_value" in get.network(cells, "run")


def test_what_lost_its_note_says_what_to_delete(trained, cells):
    trained.write_network()
    del cells.uns["infosem"]
    with pytest.raises(ValueError, match="uns has no note") as raised:
        trained.write_network()
    exec(str(raised.value).rpartition("first: ")[2], {"adata": cells})
    trained.write_network()
    assert len(get.network(cells))
