"""Arrow plot of the shifts that a perturbation causes."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from scipy.spatial import KDTree

from infosem.data import _keys
from infosem.data._arguments import whole_number
from infosem.data._checks import require_key
from infosem.data._scanpy import import_scanpy
from infosem.pl._style import AS_IT_IS, GREY, ink, prepare, written


def perturbation(
    adata: AnnData,
    *,
    key: str = _keys.PERTURBATION,
    basis: str = "umap",
    color: str | None = None,
    n_arrows: int = 30,
    ax: Axes | None = None,
) -> Axes:
    """Plot the cells and, on a grid, the mean direction in which a perturbation shifts them.

    Parameters
    ----------
    adata
        Annotated data with the arrows of :func:`infosem.tl.project_shift`.
    key, basis
        Arguments of :func:`infosem.tl.project_shift`. The arrows are read from ``obsm[f"{key}_{basis}"]``.
    color
        Column of ``obs`` by which scanpy colours the cells. By default all cells are grey.
    n_arrows
        Number of grid points along the longer side. Grid points without cells nearby, or with a negligible shift, get
        no arrow.
    ax
        Axes to draw on.

    Returns
    -------
    The Axes.
    """
    n_arrows = whole_number(n_arrows, "n_arrows", least=2)
    require_key(adata, "obsm", f"X_{basis}")
    if f"{key}_{basis}" not in adata.obsm:
        raise KeyError(
            f"adata.obsm has no arrows under {f'{key}_{basis}'!r}. Compute them: infosem.tl.perturb(adata, gene, "
            f"model=model) and infosem.tl.project_shift(adata, key={key!r}, basis={basis!r})."
        )
    points, arrows = (np.asarray(adata.obsm[name])[:, :2] for name in (f"X_{basis}", f"{key}_{basis}"))
    ax = prepare(ax, (5.5, 5))
    size = np.clip(40_000 / len(points), 1, 40)
    if color is None:
        ax.scatter(points[:, 0], points[:, 1], s=size, c=GREY, alpha=0.5, linewidths=0, rasterized=True)
    else:
        require_key(adata, "obs", color)
        import_scanpy().pl.embedding(
            adata, basis=basis, color=color, ax=ax, show=False, alpha=0.5, size=size, legend_loc="right margin"
        )
        legend = ax.get_legend()
        for text in [ax.title, *(legend.get_texts() if legend else ())]:
            text.set(**AS_IT_IS)
    at, mean = _on_grid(points, arrows, n_arrows)
    # the longest arrow spans two grid steps
    scale = np.linalg.norm(mean, axis=1).max(initial=0) / (2 * np.ptp(points, axis=0).max() / (n_arrows - 1))
    if len(at):
        ax.quiver(*at.T, *mean.T, angles="xy", scale_units="xy", scale=scale, color=ink(ax), width=0.004, zorder=3)
    if key in adata.uns:
        done = adata.uns[key]
        change = f"held at {done['to']:g}" if "to" in done else f"{done['fold']:g}-fold"
        change = "knocked out" if done.get("to", done.get("fold")) == 0 else change
        title = f"{written(done['gene'])} {change}: largest mean shift {done['largest_mean_shift']:.2g}"
        ax.set_title(title, **AS_IT_IS)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(f"{basis.upper()} 1")
    ax.set_ylabel(f"{basis.upper()} 2")
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def _on_grid(points: np.ndarray, arrows: np.ndarray, n_arrows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the grid points with cells nearby, and the mean arrow at each."""
    low, high = points.min(0), points.max(0)
    step = (high - low).max() / (n_arrows - 1)
    axes = [np.arange(start, end + step / 2, step) for start, end in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    tree = KDTree(points)
    near = tree.query_ball_point(grid, 2 * step)
    has_cells = np.flatnonzero(tree.query(grid)[0] < 0.6 * step)
    mean = np.empty((len(has_cells), 2))
    for row, place in enumerate(has_cells):
        distance = np.linalg.norm(points[near[place]] - grid[place], axis=1)
        mean[row] = np.average(arrows[near[place]], axis=0, weights=np.exp(-2 * (distance / step) ** 2))
    length = np.linalg.norm(mean, axis=1)
    visible = length > 0.05 * length.max(initial=0)
    return grid[has_cells][visible], mean[visible]
