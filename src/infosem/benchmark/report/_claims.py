"""The paper's claims, computed alike from its tables and from our results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._markdown import NOT_PLANNED, NOT_RUN, percent
from infosem.benchmark.report._paper import CELL_SPECIFIC, DATASETS, NON_SPECIFIC, paper_numbers
from infosem.benchmark.report._summary import per_split

METRICS = ("auprc", "hit1")
TEXTS = {
    "ours": (" (BioBERT)", " (MiniLM)", ""),
    "ours, MiniLM": (" (MiniLM)", ""),
    "ours, MiniLM tuned": (" (MiniLM, tuned)",),
}
"""By column of the table of claims: the text whose variant of a method counts, the first that all methods have."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A relative change, averaged over methods, networks, data sets, and the metrics AUPRC and Hit@1%.

    Attributes
    ----------
    text
        In words.
    said
        What the paper says, as a share.
    methods
        Whose accuracy on unseen genes is compared.
    base
        The method it is compared with, on unseen genes; ``None``: with itself on unseen interactions.
    networks, datasets
        Over which it is averaged.
    of_ratio
        Whether ratios to random are compared, as blocks with other shares of edges need.
    """

    text: str
    said: float | None
    methods: tuple[str, ...]
    base: str | None
    networks: tuple[str, ...]
    datasets: tuple[str, ...] = DATASETS
    of_ratio: bool = False

    def parts(self) -> Iterator[tuple[str, str, str, str]]:
        """Network, data set, method and metric of every change."""
        for network in self.networks:
            for dataset in self.datasets:
                for method in self.methods:
                    for metric in METRICS:
                        yield network, dataset, method, metric


_BOTH = (CELL_SPECIFIC, NON_SPECIFIC)
_SUPERVISED = ("scGREAT", "GENELink")
_DROP = "scGREAT and GENELink, unseen genes instead of interactions"
_SPECIFIC, _UNSPECIFIC = (CELL_SPECIFIC,), (NON_SPECIFIC,)


def _improvement(text: str, said: float, method: str, base: str, networks: tuple[str, ...]) -> Claim:
    return Claim(text=text, said=said, methods=(method,), base=base, networks=networks)


def _drop(text: str, said: float | None, networks: tuple[str, ...], *, of_ratio: bool = False) -> Claim:
    return Claim(text=text, said=said, methods=_SUPERVISED, base=None, networks=networks, of_ratio=of_ratio)


def _few_cells(method: str) -> Claim:
    return Claim(
        text=f"{method} with 20 % of the cells over DeepSEM with all, hESC cell-specific",
        said=None,
        methods=(f"{method}, 20 % of cells",),
        base="DeepSEM",
        networks=_SPECIFIC,
        datasets=("hESC",),
    )


CLAIMS = (
    _improvement("InfoSEM-B over DeepSEM, both networks", 0.385, "InfoSEM-B", "DeepSEM", _BOTH),
    _improvement("InfoSEM-B over DeepSEM, cell-specific", 0.25, "InfoSEM-B", "DeepSEM", _SPECIFIC),
    _improvement("InfoSEM-B over DeepSEM, non-specific", 0.52, "InfoSEM-B", "DeepSEM", _UNSPECIFIC),
    _improvement("InfoSEM-BC over InfoSEM-B, both networks", 0.111, "InfoSEM-BC", "InfoSEM-B", _BOTH),
    _improvement("InfoSEM-BC over DeepSEM, cell-specific", 0.31, "InfoSEM-BC", "DeepSEM", _SPECIFIC),
    _improvement("InfoSEM-BC over DeepSEM, non-specific", 0.66, "InfoSEM-BC", "DeepSEM", _UNSPECIFIC),
    _drop(f"{_DROP}, cell-specific", -0.42, _SPECIFIC),
    _drop(f"{_DROP}, non-specific", -0.79, _UNSPECIFIC),
    _drop("The same over random, cell-specific", None, _SPECIFIC, of_ratio=True),
    _drop("The same over random, non-specific", None, _UNSPECIFIC, of_ratio=True),
    _few_cells("InfoSEM-B"),
    _few_cells("InfoSEM-BC"),
)
"""Averages that give what the paper says from its own tables, but for the 11.1 %."""


Accuracies = dict[tuple[str, str, str, str], pd.DataFrame]
"""By method, network, data set and block: a row per split, with metrics and ``random_<metric>`` beside each."""


def paper_accuracies() -> Accuracies:
    """The paper's tables, as one split."""
    numbers = paper_numbers()
    wide = numbers[numbers["metric"].isin(METRICS)].pivot_table(
        index=["method", "network", "dataset", "block"], columns="metric", values=["mean", "random"]
    )
    table = pd.DataFrame({metric: wide["mean", metric] for metric in METRICS})
    for metric in METRICS:
        table[f"random_{metric}"] = wide["random", metric]
    return _by_cell(table.assign(split=0).reset_index())


def accuracies(results: pd.DataFrame) -> Accuracies:
    """Our accuracies; methods with fewer cells are named after their share."""
    table = per_split(results)
    stems = table["method"].map(cells_stem)
    shares = table["cells"].map(lambda cells: f", {round(100 * cells)} % of cells")
    table["method"] = table["method"].where(table["cells"] == 1, stems + shares)
    return _by_cell(table.assign(random_hit1=table["share"]))


def _by_cell(table: pd.DataFrame) -> Accuracies:
    groups = table.groupby(["method", "network", "dataset", "block"])
    return {key: rows.set_index("split") for key, rows in groups}


def cells_stem(method: str) -> str:
    """Name of a method without what it says about the share of cells."""
    return re.sub(r", [^,]*\bcells$", "", method)


def changes(claim: Claim, by_cell: Accuracies, texts: tuple[str, ...] = ("",)) -> pd.DataFrame:
    """Every relative change that a claim averages.

    Parameters
    ----------
    claim
        The claim.
    by_cell
        Accuracies.
    texts
        Suffixes that name variants of a method by their text, the preferred one first. Both sides of a comparison
        have the same.

    Returns
    -------
    ``network``, ``dataset``, ``method``, ``metric``, the ``change`` (missing if something was not run), ``n_splits``
    that both sides have, and which variants were ``compared``.
    """
    rows = []
    for network, dataset, method, metric in claim.parts():
        base, block = (claim.base, UNSEEN_GENES) if claim.base else (method, UNSEEN_INTERACTIONS)
        row = {"network": network, "dataset": dataset, "method": method, "metric": metric,
               "change": np.nan, "n_splits": 0, "compared": ""}  # fmt: skip
        for text in texts:
            ours = _variant(by_cell, method, text, (network, dataset, UNSEEN_GENES))
            other = _variant(by_cell, base, text, (network, dataset, block))
            if ours and other:
                row |= _change(by_cell[ours], by_cell[other], metric, of_ratio=claim.of_ratio)
                row["compared"] = f"{ours[0]} : {other[0]}"
                break
        rows.append(row)
    return pd.DataFrame(rows)


def _variant(
    by_cell: Accuracies, method: str, text: str, cell: tuple[str, str, str]
) -> tuple[str, str, str, str] | None:
    stem, comma, condition = method.partition(", ")
    names = (f"{stem}{text}{comma}{condition}", method)
    return next(((name, *cell) for name in names if (name, *cell) in by_cell), None)


def _change(ours: pd.DataFrame, other: pd.DataFrame, metric: str, *, of_ratio: bool) -> dict[str, float]:
    splits = ours.index.intersection(other.index)
    if splits.empty:
        return {}
    values = [side.loc[splits, metric].mean() for side in (ours, other)]
    if of_ratio:
        values = [
            v / side.loc[splits, f"random_{metric}"].mean() for v, side in zip(values, (ours, other), strict=True)
        ]
    return {"change": values[0] / values[1] - 1, "n_splits": len(splits)}


def claims_table(results: pd.DataFrame) -> pd.DataFrame:
    """The paper's claims: what it says, what its tables give, and what our results give; missing if a part is."""
    paper, ours = paper_accuracies(), accuracies(results)
    rows = []
    for claim in CLAIMS:
        theirs = changes(claim, paper)
        parts = {column: changes(claim, ours, texts) for column, texts in TEXTS.items()}
        rows.append(
            {
                "claim": claim.text,
                "paper": claim.said,
                "paper's tables": _mean(theirs),
                **{column: _mean(part) for column, part in parts.items()},
                "paper's tables, AUPRC alone": _mean(theirs[theirs["metric"] == "auprc"]),
                "ours, AUPRC alone": _mean(parts["ours"][parts["ours"]["metric"] == "auprc"]),
                **{f"n_missing, {column}": int(part["change"].isna().sum()) for column, part in parts.items()},
                "n_parts": len(theirs),
            }
        )
    return pd.DataFrame(rows)


def claims_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table of claims as texts; a variant of which no claim is complete is left out."""
    text = pd.DataFrame({"claim": table["claim"]})
    for column in table.columns[1:]:
        if column.startswith("n_") or (column == "ours, MiniLM tuned" and table[column].isna().all()):
            continue
        text[column] = table[column].map(percent)
        if column in TEXTS:
            shares = table[f"n_missing, {column}"].astype(str) + " of " + table["n_parts"].astype(str)
            text[column] = text[column].where(table[column].notna(), f"{NOT_RUN}: " + shares + " parts")
    return text


def claims_parts(results: pd.DataFrame) -> pd.DataFrame:
    """Every change that the claims about one network average: ``change`` is ours, ``paper`` from its tables."""
    paper, ours = paper_accuracies(), accuracies(results)
    parts = []
    for claim in CLAIMS:
        if len(claim.networks) == 1:
            table = changes(claim, ours, TEXTS["ours"]).assign(paper=changes(claim, paper)["change"])
            table.insert(0, "claim", claim.text)
            parts.append(table)
    return pd.concat(parts, ignore_index=True)


def claims_parts_text(parts: pd.DataFrame) -> pd.DataFrame:
    """The changes by data set as texts, AUPRC / Hit@1%; ours, and the paper's after a semicolon."""
    rows = []
    for (claim, method), table in parts.groupby(["claim", "method"], sort=False):
        row = {"claim": claim, "method": method}
        for dataset in DATASETS:
            cells = table[table["dataset"] == dataset]
            row[dataset] = _ours_first(cells) if len(cells) else NOT_PLANNED
        rows.append(row)
    return pd.DataFrame(rows)


def _ours_first(cells: pd.DataFrame) -> str:
    texts = [NOT_RUN if cells["change"].isna().all() else " / ".join(map(percent, cells["change"]))]
    if cells["paper"].notna().any():
        texts.append(" / ".join(map(percent, cells["paper"])))
    return "; ".join(texts)


def _mean(parts: pd.DataFrame) -> float:
    """The mean if all parts are there."""
    return float(parts["change"].mean(skipna=False))
