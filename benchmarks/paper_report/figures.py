"""Figures of accuracies: unseen interactions against unseen genes, embeddings, balanced labels, cells, row means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark._summary import over_splits
from infosem.pl._style import BLUE, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION, name_rows

from .claims import cells_stem
from .markdown import NOT_PLANNED
from .paper import paper_method, paper_place
from .study import Study
from .style import GREY, bars, legend, panels, panels_of_rows, random_order

LINES = (BLUE, VERMILION, GREEN, PURPLE, SKY_BLUE, ORANGE, "#000000")
_NO_EMBEDDING = ("DeepSEM", "InfoSEM without priors")
_BLOCKS = {UNSEEN_INTERACTIONS: ("unseen interactions", BLUE), UNSEEN_GENES: ("unseen genes", VERMILION)}
_HEIGHTS = (-0.19, 0.19)


def bias_of_supervised(study: Study, network: str) -> Figure | None:
    """Figure 3a: accuracy on unseen interactions and on unseen genes."""
    tables = {block: study.of(network, "auprc", block=block) for block in _BLOCKS}
    ran = set(tables[UNSEEN_GENES]["method"])
    if not ran:
        return None
    methods = [method for method in study.methods if method in ran or paper_method(method)]
    figure, axes = panels_of_rows(study.datasets, len(methods))
    for ax, dataset in zip(axes, study.datasets, strict=True):
        here = {block: table[table["dataset"] == dataset] for block, table in tables.items()}
        for offset, (block, (label, colour)) in zip(_HEIGHTS, _BLOCKS.items(), strict=True):
            bars(ax, here[block], methods, colour, offset=offset, label=label)
            random_order(ax, study.random_auprc(dataset, network, block), colour)
        _mark_absent(study, ax, here[UNSEEN_GENES], methods, dataset, network)
        ax.set_xlabel("AUPRC")
        ax.set_xlim(left=0)
    name_rows(axes[0], methods)
    legend(figure, axes[0], note="random order")
    return figure


def embeddings(study: Study, network: str) -> Figure | None:
    """Figure 4: InfoSEM-B with other embeddings."""
    table = study.of(network, "auprc")
    names = [*study.methods, *study.controls]
    variants = [method for method in names if method.startswith("InfoSEM-B (")]
    if not set(variants) & set(table["method"]):
        return None
    methods = [*(method for method in _NO_EMBEDDING if method in names), *variants]
    figure, axes = panels_of_rows(study.datasets, len(methods))
    for ax, dataset in zip(axes, study.datasets, strict=True):
        here = table[table["dataset"] == dataset]
        bars(ax, here, methods, BLUE, height=0.6)
        _mark_absent(study, ax, here, methods, dataset, network)
        random_order(ax, study.random_auprc(dataset, network, UNSEEN_GENES))
        ax.set_xlabel("AUPRC, unseen genes")
        ax.set_xlim(left=0)
    name_rows(axes[0], methods)
    legend(figure, axes[0], note="random order")
    return figure


def balanced_labels(study: Study, network: str, block: str) -> Figure | None:
    """Figure 5: all training labels against as many non-edges as edges of every regulator."""
    suffix = ", balanced"
    methods = [name.removesuffix(suffix) for name in study.conditioned if name.endswith(suffix)]
    table = over_splits(study.frame[study.frame["network"] == network], block=block, metrics=["auprc"])
    if not set(table["method"]) & {method + suffix for method in methods}:
        return None
    labels = {"": ("all training labels", BLUE), suffix: ("balanced training labels", VERMILION)}
    figure, axes = panels_of_rows(study.datasets, 2 * len(methods))
    for ax, dataset in zip(axes, study.datasets, strict=True):
        here = table[table["dataset"] == dataset]
        for offset, (which, (label, colour)) in zip(_HEIGHTS, labels.items(), strict=True):
            bars(ax, here, [method + which for method in methods], colour, offset=offset, label=label)
        random_order(ax, study.random_auprc(dataset, network, block))
        ax.set_xlabel(f"AUPRC, {_BLOCKS[block][0]}")
        ax.set_xlim(left=0)
    name_rows(axes[0], methods)
    legend(figure, axes[0], note="random order")
    return figure


def share_of_cells(study: Study, network: str) -> Figure | None:
    """Figure 6: accuracy on unseen genes with fewer cells."""
    rows = study.frame[(study.frame["network"] == network) & ~study.frame["balanced"]]
    rows = rows.assign(method=rows["method"].map(cells_stem))
    few = rows[rows["cells"] < 1]
    if few.empty:
        return None
    rows = rows.merge(few[["method", "dataset"]].drop_duplicates(), on=["method", "dataset"])
    table = pd.concat(over_splits(part, metrics=["auprc"]).assign(cells=cells) for cells, part in rows.groupby("cells"))
    datasets = list(table["dataset"].unique())
    figure, axes = panels(datasets, (2.2 + 3.4 * len(datasets), 3.8))
    methods = sorted(table["method"].unique(), key=paper_place)
    for ax, dataset in zip(axes, datasets, strict=True):
        for place, method in enumerate(methods):
            line = table[(table["method"] == method) & (table["dataset"] == dataset)].sort_values("cells")
            x = 100 * line["cells"] + 0.8 * (place - (len(methods) - 1) / 2)
            style = {"color": LINES[place % len(LINES)], "marker": "o", "ms": 4, "capsize": 2, "label": method}
            ax.errorbar(x, line["auprc"], line["auprc_sd"], **style)
        at = study.random_auprc(dataset, network, UNSEEN_GENES)
        ax.axhline(at, color=GREY, ls="--", lw=1.2, label="random order")
        ax.set_xlabel("share of the cells [%]")
    axes[0].set_ylabel("AUPRC, unseen genes")
    legend(figure, axes[0], ncols=2)
    return figure


def row_means(study: Study, network: str) -> Figure | None:
    """Accuracy of each method, and of the mean of each regulator's scores alone."""
    table = study.of(network, "auprc", "auprc_regulator_means", "random_auprc")
    methods = [method for method in study.methods if method in set(table["method"])]
    if not methods:
        return None
    figure, axes = panels_of_rows(study.datasets, len(methods), sharex=True)
    for ax, dataset in zip(axes, study.datasets, strict=True):
        rows = table[table["dataset"] == dataset].set_index("method").reindex(methods)
        own, means = (rows[metric] / rows["random_auprc"] for metric in ("auprc", "auprc_regulator_means"))
        y = np.arange(len(methods))
        ax.hlines(y, own, means, color=GREY, lw=1)
        ax.plot(own, y, "o", color=BLUE, ms=6, label="the method")
        ax.plot(means, y, "D", color=VERMILION, ms=5, label="mean of each regulator's scores alone")
        random_order(ax, 1)
        ax.set_xlabel("AUPRC over random")
    name_rows(axes[0], methods)
    legend(figure, axes[0], note="random order")
    return figure


def _mark_absent(
    study: Study, ax: Axes, here: pd.DataFrame, methods: Sequence[str], dataset: str, network: str
) -> None:  # fmt: skip
    """Write why there is no bar."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    for y, method in enumerate(methods):
        text = NOT_PLANNED if method in set(here["method"]) else study.absent(method, dataset, network)
        if text != NOT_PLANNED:
            at = ax.get_yaxis_transform()
            ax.text(0.03, y, text, transform=at, va="center", fontsize=8, color=GREY, bbox=box)
