"""Figures of accuracies: unseen interactions against unseen genes, embeddings, balanced labels, cells, row means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._claims import cells_stem
from infosem.benchmark.report._markdown import NOT_PLANNED
from infosem.benchmark.report._paper import paper_method, paper_place
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._summary import over_splits
from infosem.pl._style import BLUE, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION, name_rows

GREY = "#666666"
LINES = (BLUE, VERMILION, GREEN, PURPLE, SKY_BLUE, ORANGE, "#000000")
_BALANCED = ", balanced"
_NO_EMBEDDING = ("DeepSEM", "InfoSEM without priors")
_BLOCKS = {UNSEEN_INTERACTIONS: ("unseen interactions", BLUE), UNSEEN_GENES: ("unseen genes", VERMILION)}


def panels(datasets: Sequence[str], n_rows: int, *, share_x: bool = False) -> tuple[Figure, list[Axes]]:
    """A panel per data set, side by side, high enough for so many rows."""
    figure = Figure(figsize=(3.4 + 2.5 * len(datasets), 1.5 + 0.3 * n_rows), layout="constrained")
    axes = list(figure.subplots(1, len(datasets), sharey=True, sharex=share_x, squeeze=False)[0])
    for ax, dataset in zip(axes, datasets, strict=True):
        ax.set_title(dataset, fontsize=11)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=9)
    return figure, axes


def bias_of_supervised(study: Study, network: str) -> Figure | None:
    """Figure 3a: accuracy on unseen interactions and on unseen genes."""
    tables = {block: over_splits(study.main, block=block, metrics=["auprc"]) for block in _BLOCKS}
    tables = {block: table[table["network"] == network] for block, table in tables.items()}
    ran = set(tables[UNSEEN_GENES]["method"])
    if not ran:
        return None
    methods = [method for method in study.methods if method in ran or paper_method(method)]
    figure, axes = panels(study.datasets, len(methods))
    for ax, dataset in zip(axes, study.datasets, strict=True):
        for offset, (block, (label, colour)) in zip((-0.19, 0.19), _BLOCKS.items(), strict=True):
            _bars(ax, tables[block], dataset, methods, offset=offset, height=0.36, colour=colour, label=label)
            ax.axvline(study.random_auprc(dataset, network, block), color=colour, ls="--", lw=1.2)
        _mark_absent(study, ax, tables[UNSEEN_GENES], methods, dataset, network)
        ax.set_xlabel("AUPRC")
    name_rows(axes[0], methods)
    _start_at_zero(axes)
    _legend(figure, axes[0], note="random order")
    return figure


def embeddings(study: Study, network: str) -> Figure | None:
    """Figure 4: InfoSEM-B with other embeddings."""
    table = over_splits(study.main, metrics=["auprc"])
    table = table[table["network"] == network]
    names = [*study.methods, *study.controls]
    variants = [method for method in names if method.startswith("InfoSEM-B (")]
    if not set(variants) & set(table["method"]):
        return None
    methods = [*(method for method in _NO_EMBEDDING if method in names), *variants]
    figure, axes = panels(study.datasets, len(methods))
    for ax, dataset in zip(axes, study.datasets, strict=True):
        _bars(ax, table, dataset, methods, offset=0, height=0.6, colour=BLUE)
        _mark_absent(study, ax, table, methods, dataset, network)
        ax.axvline(study.random_auprc(dataset, network, UNSEEN_GENES), color=GREY, ls="--", lw=1.2)
        ax.set_xlabel("AUPRC, unseen genes")
    name_rows(axes[0], methods)
    _start_at_zero(axes)
    axes[0].plot([], [], color=GREY, ls="--", label="random order")
    _legend(figure, axes[0])
    return figure


def balanced_labels(study: Study, network: str) -> Iterator[tuple[str, Figure]]:
    """Figure 5, one for each block: all training labels against as many non-edges as edges of every regulator."""
    methods = [name.removesuffix(_BALANCED) for name in study.conditioned if name.endswith(_BALANCED)]
    rows = study.results[study.results["network"] == network]
    for block, (title, _) in _BLOCKS.items():
        table = over_splits(rows, block=block, metrics=["auprc"])
        if not set(table["method"]) & {m + _BALANCED for m in methods}:
            continue
        figure, axes = panels(study.datasets, 2 * len(methods))
        for ax, dataset in zip(axes, study.datasets, strict=True):
            for offset, suffix, colour, label in (
                (-0.19, "", BLUE, "all training labels"),
                (0.19, _BALANCED, VERMILION, "balanced training labels"),
            ):
                names = [m + suffix for m in methods]
                _bars(ax, table, dataset, names, offset=offset, height=0.36, colour=colour, label=label)
            ax.axvline(study.random_auprc(dataset, network, block), color=GREY, ls="--", lw=1.2)
            ax.set_xlabel(f"AUPRC, {title}")
        name_rows(axes[0], methods)
        _start_at_zero(axes)
        _legend(figure, axes[0], note="random order")
        yield block, figure


def share_of_cells(study: Study, network: str) -> Figure | None:
    """Figure 6: accuracy on unseen genes with fewer cells."""
    rows = study.results[(study.results["network"] == network) & ~study.results["balanced"].astype(bool)]
    rows = rows.assign(method=rows["method"].map(cells_stem))
    few = rows[rows["cells"] < 1]
    rows = rows.merge(few[["method", "dataset"]].drop_duplicates(), on=["method", "dataset"])
    tables = [over_splits(part, metrics=["auprc"]).assign(cells=cells) for cells, part in rows.groupby("cells")]
    if few.empty or not any(len(table) for table in tables):
        return None
    table = pd.concat(tables, ignore_index=True)
    datasets = list(table["dataset"].unique())
    figure = Figure(figsize=(2.2 + 3.4 * len(datasets), 3.8), layout="constrained")
    axes = figure.subplots(1, len(datasets), squeeze=False)[0]
    stems = sorted(table["method"].unique(), key=paper_place)
    for ax, dataset in zip(axes, datasets, strict=True):
        for place, method in enumerate(stems):
            line = table[(table["method"] == method) & (table["dataset"] == dataset)].sort_values("cells")
            x = 100 * line["cells"] + 0.8 * (place - (len(stems) - 1) / 2)
            colour = LINES[place % len(LINES)]
            ax.errorbar(x, line["auprc"], line["auprc_sd"], color=colour, marker="o", ms=4, capsize=2, label=method)
        ax.axhline(
            study.random_auprc(dataset, network, UNSEEN_GENES), color=GREY, ls="--", lw=1.2, label="random order"
        )
        ax.set_title(dataset, fontsize=11)
        ax.set_xlabel("share of the cells [%]")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("AUPRC, unseen genes")
    _legend(figure, axes[0], columns=2)
    return figure


def row_means(study: Study, network: str) -> Figure | None:
    """Accuracy of each method, and of the mean of each regulator's scores alone."""
    table = over_splits(study.main, metrics=["auprc", "auprc_regulator_means", "random_auprc"])
    table = table[table["network"] == network]
    methods = [method for method in study.methods if method in set(table["method"])]
    if not methods:
        return None
    figure, axes = panels(study.datasets, len(methods), share_x=True)
    for ax, dataset in zip(axes, study.datasets, strict=True):
        rows = table[table["dataset"] == dataset].set_index("method").reindex(methods)
        own, means = (rows[metric] / rows["random_auprc"] for metric in ("auprc", "auprc_regulator_means"))
        y = np.arange(len(methods))
        ax.hlines(y, own, means, color=GREY, lw=1)
        ax.plot(own, y, "o", color=BLUE, ms=6, label="the method")
        ax.plot(means, y, "D", color=VERMILION, ms=5, label="mean of each regulator's scores alone")
        ax.axvline(1, color=GREY, ls="--", lw=1.2)
        ax.set_xlabel("AUPRC over random")
    name_rows(axes[0], methods)
    _legend(figure, axes[0], note="random order")
    return figure


def _bars(
    ax: Axes, table: pd.DataFrame, dataset: str, methods: Sequence[str],
    *, offset: float, height: float, colour: str, label: str | None = None,
) -> None:  # fmt: skip
    rows = table[table["dataset"] == dataset].set_index("method").reindex(methods)
    y = np.arange(len(methods)) + offset
    ax.barh(y, rows["auprc"], height, color=colour, label=label)
    ax.errorbar(rows["auprc"], y, xerr=rows["auprc_sd"], fmt="none", ecolor="#222222", elinewidth=0.9, capsize=1.5)


def _mark_absent(
    study: Study, ax: Axes, table: pd.DataFrame, methods: Sequence[str], dataset: str, network: str
) -> None:
    there = set(table.loc[table["dataset"] == dataset, "method"])
    for y, method in enumerate(methods):
        text = NOT_PLANNED if method in there else study.absent(method, dataset, network)
        if text != NOT_PLANNED:
            ax.text(
                0.03, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8, color=GREY,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )  # fmt: skip


def _start_at_zero(axes: Sequence[Axes]) -> None:
    """Even where no bar is drawn."""
    for ax in axes:
        ax.set_xlim(left=0)


def _legend(figure: Figure, ax: Axes, *, note: str = "", columns: int = 3) -> None:
    """Above the panels, where nothing is drawn."""
    if note:
        ax.plot([], [], color=GREY, ls="--", label=note)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False, fontsize=9)
