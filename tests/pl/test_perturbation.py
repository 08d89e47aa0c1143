"""Arrows of a perturbation."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from matplotlib.quiver import Quiver

from infosem import pl


@pytest.fixture
def shifted():
    """Two clouds of cells; those on the left move up, those on the right stay."""
    rng = np.random.default_rng(0)
    place = rng.normal(size=(400, 2)) + np.repeat([[0, 0], [20, 0]], 200, axis=0)
    adata = ad.AnnData(np.zeros((400, 2)), obs={"group": pd.Categorical(np.repeat(["left", "right"], 200))})
    adata.obsm["X_umap"] = place
    adata.obsm["perturbation_umap"] = np.where(place[:, :1] < 10, [[0.0, 0.5]], [[0.0, 0.0]])
    adata.uns["perturbation"] = {"gene": "SPI1", "to": 0.0, "largest_mean_shift": 0.514}
    return adata


def drawn_arrows(axes):
    (arrows,) = (artist for artist in axes.collections if isinstance(artist, Quiver))
    return arrows


def test_arrows_where_cells_move(shifted):
    axes = pl.perturbation(shifted)
    arrows = drawn_arrows(axes)
    assert arrows.N > 5
    assert (arrows.X < 10).all()
    np.testing.assert_allclose(arrows.U, 0, atol=1e-12)
    np.testing.assert_allclose(arrows.V, 0.5)
    nearest = np.linalg.norm(arrows.XY[:, None] - shifted.obsm["X_umap"], axis=2).min(1)
    grid_step = np.ptp(shifted.obsm["X_umap"], axis=0).max() / 29
    assert nearest.max() < grid_step
    assert axes.get_title() == "SPI1 knocked out: largest mean shift 0.51"


def test_groups_are_coloured_and_named(shifted):
    shifted.uns["perturbation"] = {"gene": "SPI1", "fold": 2.0, "largest_mean_shift": 0.1}
    axes = pl.perturbation(shifted, color="group")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["left", "right"]
    assert axes.get_title() == "SPI1 2-fold: largest mean shift 0.1"
    assert drawn_arrows(axes).N > 5


def test_nothing_moves(shifted):
    shifted.obsm["perturbation_umap"][:] = 0
    assert not any(isinstance(artist, Quiver) for artist in pl.perturbation(shifted).collections)


def test_errors(shifted):
    shifted.obsm["X_pca"] = shifted.obsm["X_umap"]
    with pytest.raises(KeyError, match=r"perturbation_pca.*project_shift\(adata, key='perturbation', basis='pca'\)"):
        pl.perturbation(shifted, basis="pca")
    with pytest.raises(ValueError, match="n_arrows=1"):
        pl.perturbation(shifted, n_arrows=1)
