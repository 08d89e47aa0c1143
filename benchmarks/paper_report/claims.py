"""The paper's claims, computed alike from its tables and from our results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS

from .markdown import NOT_PLANNED, NOT_RUN, percent
from .paper import DATASETS, paper_numbers

METRICS = {"auprc": "random_auprc", "hit1": "share"}
"""What claims are about, and columns of the frame with what is expected of a random order."""

TEXTS = {
    "ours": (" (BioBERT)", " (MiniLM)", ""),
    "ours, MiniLM": (" (MiniLM)", ""),
    "ours, MiniLM tuned": (" (MiniLM, tuned)",),
}
"""By column of the table of claims: the text whose variant of a method counts, the first that all methods have."""

Cell = tuple[str, str, str, str, str]
Accuracies = dict[Cell, pd.DataFrame]
"""By method, network, data set, block and metric: ``accuracy`` of every split, and what is expected at ``random``."""


def paper_claims() -> pd.DataFrame:
    """A row per claim, network, data set, method and metric: a relative change, over which the claim is the average.

    ``said`` is what the paper says, as a share. The accuracy of ``method`` on unseen genes is compared with that of
    ``base``, or, without one, with its own on unseen interactions. ``of_ratio`` tells whether ratios to random are
    compared, as blocks with other shares of edges need. These averages give what the paper says from its own tables,
    but for the 11.1 %.
    """
    claims = pd.read_csv(Path(__file__).with_name("paper_claims.csv"))
    for column in ("network", "dataset", "method"):
        claims[column] = claims[column].str.split(" + ", regex=False)
        claims = claims.explode(column)
    return claims.merge(pd.Series(list(METRICS), name="metric"), how="cross")


def paper_accuracies() -> Accuracies:
    """The paper's tables, as one split."""
    numbers = paper_numbers().rename(columns={"mean": "accuracy"})
    return _by_cell(numbers[numbers["metric"].isin(METRICS)].assign(split=0))


def accuracies(frame: pd.DataFrame) -> Accuracies:
    """Our accuracies, of the frame of a study; methods with fewer cells are named after their share."""
    frame = frame[frame["split_kind"] == "unseen_genes"]
    names = [
        method if cells == 1 else f"{cells_stem(method)}, {100 * cells:.0f} % of cells"
        for method, cells in zip(frame["method"], frame["cells"], strict=True)
    ]
    return _by_cell(
        pd.concat(
            frame.assign(method=names, metric=metric, accuracy=frame[metric], random=frame[random])
            for metric, random in METRICS.items()
        )
    )


def _by_cell(table: pd.DataFrame) -> Accuracies:
    groups = table.groupby(["method", "network", "dataset", "block", "metric"])
    return {cell: rows.set_index("split")[["accuracy", "random"]] for cell, rows in groups}


def cells_stem(method: str) -> str:
    """Name of a method without what it says about the share of cells."""
    return re.sub(r", [^,]*\bcells$", "", method)


def changes(by_cell: Accuracies, texts: Sequence[str] = ("",)) -> pd.DataFrame:
    """Every relative change that the claims average.

    Parameters
    ----------
    by_cell
        Accuracies.
    texts
        Suffixes that name variants of a method by their text, the preferred one first. Both sides of a comparison
        have the same.

    Returns
    -------
    The table of :func:`paper_claims` with the ``change`` of the means over the splits that both sides have (missing
    if something was not run), their number ``n_splits``, and which variants were ``compared``.
    """
    claims = paper_claims()
    found = [_change(part, by_cell, texts) for part in claims.itertuples()]
    return claims.assign(**pd.DataFrame(found, columns=["change", "n_splits", "compared"]))


def _change(part, by_cell: Accuracies, texts: Sequence[str]) -> tuple[float, int, str]:
    base, block = (part.method, UNSEEN_INTERACTIONS) if pd.isna(part.base) else (part.base, UNSEEN_GENES)
    for text in texts:
        ours = _variant(by_cell, part.method, text, (part.network, part.dataset, UNSEEN_GENES, part.metric))
        other = _variant(by_cell, base, text, (part.network, part.dataset, block, part.metric))
        if ours and other:
            splits = by_cell[ours].index.intersection(by_cell[other].index)
            after, before = (by_cell[cell].loc[splits].mean() for cell in (ours, other))
            if part.of_ratio:
                after, before = after / after["random"], before / before["random"]
            return after["accuracy"] / before["accuracy"] - 1, len(splits), f"{ours[0]} : {other[0]}"
    return np.nan, 0, ""


def _variant(by_cell: Accuracies, method: str, text: str, rest: tuple[str, str, str, str]) -> Cell | None:
    """The accuracies of a method's variant with a text, else of the method itself; none if it was not run."""
    stem, comma, condition = method.partition(", ")
    names = (f"{stem}{text}{comma}{condition}", method)
    return next(((name, *rest) for name in names if (name, *rest) in by_cell), None)


def claims_table(ours: Accuracies) -> pd.DataFrame:
    """The paper's claims: what it says, what its tables give, and what our results give; missing if a part is."""
    theirs = changes(paper_accuracies())
    parts = {column: changes(ours, texts) for column, texts in TEXTS.items()}
    columns = {
        "paper": theirs.groupby("claim", sort=False)["said"].first(),
        "paper's tables": _means(theirs),
        **{column: _means(part) for column, part in parts.items()},
        "paper's tables, AUPRC alone": _means(theirs[theirs["metric"] == "auprc"]),
        "ours, AUPRC alone": _means(parts["ours"][theirs["metric"] == "auprc"]),
        **{
            f"n_missing, {column}": part["change"].isna().groupby(part["claim"]).sum() for column, part in parts.items()
        },
        "n_parts": theirs.groupby("claim").size(),
    }
    return pd.DataFrame(columns, index=theirs["claim"].unique()).rename_axis("claim").reset_index()


def _means(parts: pd.DataFrame) -> pd.Series:
    """Means of claims of which all parts are there."""
    return parts.groupby("claim")["change"].agg(lambda change: change.mean(skipna=False))


def claims_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table of claims as texts; a variant of which no claim is complete is left out."""
    text = table[["claim"]].copy()
    for column in [name for name in table.columns[1:] if not name.startswith("n_")]:
        text[column] = table[column].map(percent)
        if column in TEXTS:
            shares = table[f"n_missing, {column}"].astype(str) + " of " + table["n_parts"].astype(str)
            text[column] = text[column].where(table[column].notna(), f"{NOT_RUN}: " + shares + " parts")
    return text.drop(columns="ours, MiniLM tuned") if table["ours, MiniLM tuned"].isna().all() else text


def claims_parts(ours: Accuracies) -> pd.DataFrame:
    """Every change that the claims about one network average: ``change`` is ours, ``paper`` from its tables."""
    parts = changes(ours, TEXTS["ours"]).assign(paper=changes(paper_accuracies())["change"])
    of_one = parts.groupby("claim")["network"].transform("nunique") == 1
    columns = ["claim", "network", "dataset", "method", "metric", "change", "n_splits", "compared", "paper"]
    return parts.loc[of_one, columns]


def claims_parts_text(parts: pd.DataFrame) -> pd.DataFrame:
    """The changes by data set as texts, AUPRC / Hit@1%; ours, and the paper's after a semicolon."""
    keys = ["claim", "method"]
    cells = parts.groupby([*keys, "dataset"])[["change", "paper"]].apply(_ours_first).rename("text")
    wide = cells.reset_index().pivot_table(index=keys, columns="dataset", values="text", aggfunc="first")
    return parts[keys].drop_duplicates().join(wide.reindex(columns=list(DATASETS)), on=keys).fillna(NOT_PLANNED)


def _ours_first(changes: pd.DataFrame) -> str:
    ours, paper = (" / ".join(map(percent, changes[column])) for column in ("change", "paper"))
    ours = NOT_RUN if changes["change"].isna().all() else ours
    return f"{ours}; {paper}" if changes["paper"].notna().any() else ours
