"""One model with a network for each group of cells, as a user makes it."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, datasets, get, tl
from infosem.cli import main

from .conftest import QUIET, fit

NO_PRIORS = {"embedding_key": None, "interactions_key": None}
SHORT = {"max_epochs": 2, **QUIET}


def learn(adata, **setup):
    return fit(adata, epochs=2, setup={**NO_PRIORS, "group_key": "group", **setup})


@pytest.fixture(scope="module")
def made():
    """Three groups of 60, 200 and 2,000 cells that share 80 % of their edges, and a model of them."""
    adata = datasets.simulate_groups({"A": 60, "B": 200, "C": 2000}, 50, 12, seed=0)
    return adata, learn(adata)


def auprc(strength, truth):
    """AUPRC over that of a random order, by hand."""
    edge = truth.ravel()[np.argsort(-strength.ravel(), kind="stable")]
    precision = np.cumsum(edge) / np.arange(1, len(edge) + 1)
    return precision[edge].mean() / edge.mean()


def accuracy(strength, adata, group):
    truth = np.asarray(adata.varp[f"truth:{group}"].todense())[:12] != 0
    possible = np.arange(50) != np.arange(12)[:, None]
    return auprc(strength.to_numpy()[possible], truth[possible])


def test_every_group_leans_on_the_others_and_speaks_for_itself(made):
    adata, model = made
    one = adata.copy()
    InfoSEM.setup_anndata(one, **NO_PRIORS)
    single = InfoSEM(one)
    single.train(**SHORT)
    for group in "ABC":
        alone = adata[adata.obs["group"] == group].copy()
        InfoSEM.setup_anndata(alone, **NO_PRIORS)
        separate = InfoSEM(alone, likelihood=single.module.likelihood)
        separate.train(**SHORT)
        pooled = accuracy(model.get_strength(group=group), adata, group)
        assert pooled > 1.03 * accuracy(separate.get_strength(), adata, group)
        assert pooled > 1.03 * accuracy(single.get_strength(), adata, group)


def test_one_group_is_no_group():
    adata = datasets.simulate(150, 20, 5, seed=0)
    adata.obs["group"] = "all"
    model = learn(adata)
    InfoSEM.setup_anndata(adata, **NO_PRIORS)
    plain = InfoSEM(adata)
    plain.train(**SHORT)
    pd.testing.assert_frame_equal(model.get_strength(), plain.get_strength())
    pd.testing.assert_frame_equal(model.get_strength(group="all"), plain.get_strength())


def test_methods_take_a_group(made):
    _, model = made
    assert model.group_names == ["A", "B", "C"]
    for group in model.group_names:
        edges, parts = model.get_edges(group=group), model.get_evidence(group=group)
        strength = model.get_strength(group=group)
        np.testing.assert_allclose(strength, np.logaddexp(0, sum(parts.values())).where(strength > 0, 0), rtol=1e-4)
        assert edges["weight"].abs().is_monotonic_decreasing
        assert set(parts) <= set(edges.columns)
        assert model.get_adjacency(group=group).shape == (12, 50)
    assert not model.get_strength(group="A").equals(model.get_strength())


def test_unknown_groups_are_named(made):
    _, model = made
    with pytest.raises(ValueError, match=r"group='D' is not one of the groups A, B, C"):
        model.get_edges(group="D")
    plain = datasets.simulate(60, 12, 4)
    InfoSEM.setup_anndata(plain)
    other = InfoSEM(plain)
    other.train(**SHORT)
    with pytest.raises(ValueError, match="no groups of cells.*group_key="):
        other.get_strength(group="A")


def test_written_and_read(made, tmp_path):
    adata, model = made
    adata = adata.copy()
    model.write_network(adata)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    for group in model.group_names:
        pd.testing.assert_frame_equal(get.network(adata, f"infosem:{group}"), model.get_edges(group=group))
        pd.testing.assert_frame_equal(get.network(back, f"infosem:{group}"), model.get_edges(group=group))
        assert back.uns[f"infosem:{group}"]["group"] == group
    pd.testing.assert_frame_equal(get.network(back), model.get_edges())


def test_saved_and_loaded(made, tmp_path):
    adata, model = made
    model.save(tmp_path / "model")
    for cells in (adata.copy(), False):
        loaded = InfoSEM.load(tmp_path / "model", adata=cells, accelerator="cpu")
        pd.testing.assert_frame_equal(loaded.get_edges(group="B"), model.get_edges(group="B"))
        pd.testing.assert_frame_equal(tl.differential_edges(loaded, "A", "C"), tl.differential_edges(model, "A", "C"))


def test_cells_in_a_file(made, tmp_path):
    adata, model = made
    adata.write_h5ad(tmp_path / "cells.h5ad")
    streamed = learn(anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r"))
    np.testing.assert_allclose(streamed.get_strength(group="A"), model.get_strength(group="A"), atol=0.05)


class TestDifferences:
    @pytest.fixture(scope="class")
    def large(self):
        adata = datasets.simulate_groups({"A": 600, "B": 900}, 60, 15, shared=0.7, seed=4)
        return adata, learn(adata)

    def test_most_of_those_found_are_there(self, large):
        adata, model = large
        found = tl.differential_edges(model, "A", "B", max_q_value=0.1)
        truth = [np.asarray(adata.varp[f"truth:{group}"].todense()) != 0 for group in "AB"]
        at = {name: k for k, name in enumerate(adata.var_names)}
        differs = (truth[0] != truth[1])[found["source"].map(at), found["target"].map(at)]
        assert len(found) >= 20
        assert differs.mean() >= 0.8

    def test_table(self, large):
        _, model = large
        found = tl.differential_edges(model, "A", "B")
        assert len(found) == 15 * 59
        assert found["q_value"].is_monotonic_increasing
        assert found["probability"].between(0, 1).all()
        first = found.iloc[0]
        assert abs(first["weight_first"]) == pytest.approx(
            model.get_strength(group="A").loc[first["source"], first["target"]]
        )
        assert first["effect_second"] == pytest.approx(
            model.get_adjacency(group="B").loc[first["source"], first["target"]]
        )
        # q values by hand
        expected = np.cumsum(1 - found["probability"]) / np.arange(1, len(found) + 1)
        untied = ~found["probability"].duplicated(keep=False)
        np.testing.assert_allclose(found["q_value"][untied], expected[untied], atol=1e-5)
        few = tl.differential_edges(model, "A", "B", max_q_value=0.05)
        pd.testing.assert_frame_equal(few, found[found["q_value"] <= 0.05])

    def test_nothing_differs_between_two_halves(self):
        adata = datasets.simulate(1200, 50, 12, seed=3)
        adata.obs["group"] = ["A", "B"] * 600
        found = tl.differential_edges(learn(adata), "A", "B", max_q_value=0.1)
        assert len(found) <= 2

    def test_comparison(self, large):
        _, model = large
        table = tl.compare(model, top=100)
        assert table[["first", "second"]].to_numpy().tolist() == [["A", "B"]]
        assert table["n_differing"].item() == len(tl.differential_edges(model, "A", "B", max_q_value=0.1))
        edges = {group: model.get_edges(group=group) for group in "AB"}
        pd.testing.assert_frame_equal(table.drop(columns="n_differing"), tl.compare(edges, top=100))

    def test_messages(self, large):
        _, model = large
        with pytest.raises(ValueError, match="the same group, 'A'"):
            tl.differential_edges(model, "A", "A")
        with pytest.raises(ValueError, match="group='typo' is not one of the groups A, B"):
            tl.differential_edges(model, "A", "typo")
        with pytest.raises(TypeError, match="must be a DataFrame"):
            tl.differential_edges("A", "B")
        with pytest.raises(TypeError, match="names of two groups"):
            tl.differential_edges(model, "A")


@pytest.mark.parametrize("groups", [("A/B", "A|B"), ("T", "T_sign"), ("T", "T_sd"), ("%2F", "/"), ("a b", "a\tb")])
def test_every_group_has_its_network_under_its_name(cells, tmp_path, groups):
    cells.obs["group"] = pd.Categorical(np.repeat(groups, 60))
    model = learn(cells)
    model.write_network()
    cells.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    for group in groups:
        pd.testing.assert_frame_equal(get.network(back, f"infosem:{group}"), model.get_edges(group=group))


def test_groups_of_one_cell_and_groups_without_cells_are_finite(cells, caplog):
    cells.obs["group"] = pd.Categorical(["alone"] + ["B"] * 119, categories=["empty", "alone", "B"])
    model = learn(cells)
    assert "1 of 2 groups of adata.obs['group'] have fewer than 20 cells: alone." in caplog.text
    for group in model.group_names:
        assert np.isfinite(model.get_strength(group=group).to_numpy()).all()
    assert np.isfinite(tl.differential_edges(model, "alone", "B")["q_value"]).all()


def test_groups_that_are_written_alike(cells):
    cells.obs["group"] = pd.Series([1] * 60 + ["1"] * 60, index=cells.obs_names, dtype=object)
    with pytest.raises(ValueError, match="written alike"):
        InfoSEM.setup_anndata(cells, group_key="group")


def test_groups_need_the_closed_form(cells):
    cells.obs["group"] = ["A", "B"] * 60
    InfoSEM.setup_anndata(cells, group_key="group")
    with pytest.raises(ValueError, match=r"group_key='group' needs start=ClosedForm\(\)"):
        InfoSEM(cells, preset="paper")


def test_batches_and_priors_with_groups(cells):
    cells.obs["group"] = ["A", "B"] * 60
    cells.obs["batch"] = ["x"] * 60 + ["y"] * 60
    model = learn(cells, batch_key="batch", embedding_key="auto", interactions_key="auto")
    edges = model.get_edges(group="A")
    assert {"text", "interactions", "probability"} <= set(edges.columns)


def test_groups_that_are_the_batches_are_all_named(cells, caplog):
    cells.obs["group"] = ["A", "B", "C"] * 40
    InfoSEM.setup_anndata(cells, batch_key="group", group_key="group")
    InfoSEM(cells)
    assert "(A, B, C) cannot be told apart" in caplog.text


def test_command_line(cells, tmp_path, capsys):
    cells.obs["group"] = ["A", "B"] * 60
    cells.write_h5ad(tmp_path / "in.h5ad")
    arguments = ["infer", str(tmp_path / "in.h5ad"), "--output", str(tmp_path / "out.h5ad"), "--group-key", "group"]
    assert main([*arguments, "--max-epochs", "1", "--accelerator", "cpu", "--quiet"]) == 0
    back = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert {"infosem", "infosem:A", "infosem:B"} <= set(back.varp)
    edges = ["--edges", str(tmp_path / "edges.csv"), "--edges-of"]
    assert main([*arguments, *edges, "B", "--max-epochs", "1", "--accelerator", "cpu", "--quiet"]) == 0
    written = pd.read_csv(tmp_path / "edges.csv")
    expected = get.network(anndata.read_h5ad(tmp_path / "out.h5ad"), "infosem:B")
    assert written["source"].to_list() == expected["source"].to_list()
    assert main([*arguments, "--edges-of", "B"]) != 0
    assert "--edges-of B needs --edges" in capsys.readouterr().err
    assert main([*arguments, *edges, "C"]) != 0
    assert "--edges-of 'C' is no group. It is one of A, B." in capsys.readouterr().err
