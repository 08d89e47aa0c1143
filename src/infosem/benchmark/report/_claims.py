"""The paper's claims, computed alike from its tables and from our results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS
from infosem.benchmark.report._markdown import NOT_RUN, percent
from infosem.benchmark.report._paper import CELL_SPECIFIC, DATASETS, NON_SPECIFIC, paper_numbers
from infosem.benchmark.report._summary import per_split

METRICS = ("auprc", "hit1")
TEXTS = {"ours": (" (BioBERT)", " (MiniLM)", ""), "ours, MiniLM everywhere": (" (MiniLM)", "")}
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
    """

    text: str
    said: float | None
    methods: tuple[str, ...]
    base: str | None
    networks: tuple[str, ...]
    datasets: tuple[str, ...] = DATASETS

    def parts(self) -> Iterator[tuple[str, str, str, str]]:
        """Network, data set, method and metric of every change."""
        for network in self.networks:
            for dataset in self.datasets:
                for method in self.methods:
                    for metric in METRICS:
                        yield network, dataset, method, metric


_BOTH = (CELL_SPECIFIC, NON_SPECIFIC)
_SUPERVISED = ("scGREAT", "GENELink")
CLAIMS = tuple(
    Claim(text=text, said=said, methods=methods, base=base, networks=networks)
    for text, said, methods, base, networks in (
        ("InfoSEM-B over DeepSEM, both networks", 0.385, ("InfoSEM-B",), "DeepSEM", _BOTH),
        ("InfoSEM-B over DeepSEM, cell-specific", 0.25, ("InfoSEM-B",), "DeepSEM", (CELL_SPECIFIC,)),
        ("InfoSEM-B over DeepSEM, non-specific", 0.52, ("InfoSEM-B",), "DeepSEM", (NON_SPECIFIC,)),
        ("InfoSEM-BC over InfoSEM-B, both networks", 0.111, ("InfoSEM-BC",), "InfoSEM-B", _BOTH),
        ("InfoSEM-BC over DeepSEM, cell-specific", 0.31, ("InfoSEM-BC",), "DeepSEM", (CELL_SPECIFIC,)),
        ("InfoSEM-BC over DeepSEM, non-specific", 0.66, ("InfoSEM-BC",), "DeepSEM", (NON_SPECIFIC,)),
        ("scGREAT and GENELink, unseen genes instead of interactions, cell-specific", -0.42, _SUPERVISED, None,
         (CELL_SPECIFIC,)),
        ("scGREAT and GENELink, unseen genes instead of interactions, non-specific", -0.79, _SUPERVISED, None,
         (NON_SPECIFIC,)),
    )
) + tuple(
    Claim(
        text=f"{method} with 20 % of the cells over DeepSEM with all, hESC cell-specific",
        said=None,
        methods=(f"{method}, 20 % of cells",),
        base="DeepSEM",
        networks=(CELL_SPECIFIC,),
        datasets=("hESC",),
    )
    for method in ("InfoSEM-B", "InfoSEM-BC")
)  # fmt: skip
"""The averages that reproduce what the paper says from its tables, but for the fourth."""


def paper_accuracies() -> pd.DataFrame:
    """The paper's tables as one split: columns of :func:`accuracies`."""
    numbers = paper_numbers()
    wide = numbers[numbers["metric"].isin(METRICS)].pivot_table(
        index=["method", "network", "dataset", "block"], columns="metric", values=["mean", "random"]
    )
    table = pd.DataFrame({metric: wide["mean", metric] for metric in METRICS})
    for metric in METRICS:
        table[f"random_{metric}"] = wide["random", metric]
    return table.assign(split=0).reset_index()


def accuracies(results: pd.DataFrame) -> pd.DataFrame:
    """Accuracies of every split, ``random_<metric>`` beside each; methods with fewer cells are named after them."""
    table = per_split(results)
    stems = table["method"].map(cells_stem)
    shares = table["cells"].map(lambda cells: f", {round(100 * cells)} % of cells")
    table["method"] = table["method"].where(table["cells"] == 1, stems + shares)
    return table.assign(**{f"random_{metric}": table["share"] for metric in METRICS})


def cells_stem(method: str) -> str:
    """Name of a method without what it says about the share of cells."""
    return re.sub(r", [^,]*\bcells$", "", method)


def changes(
    claim: Claim, table: pd.DataFrame, texts: tuple[str, ...] = ("",), *, of_ratio: bool = False
) -> pd.DataFrame:
    """Every relative change that a claim averages.

    Parameters
    ----------
    claim
        The claim.
    table
        Table of :func:`accuracies`.
    texts
        Suffixes that name variants of a method by their text, the preferred one first. Both sides of a comparison
        have the same.
    of_ratio
        Whether to compare ratios to random, as a test of other blocks with another share of edges needs.

    Returns
    -------
    ``network``, ``dataset``, ``method``, ``metric``, the ``change`` (missing if something was not run), ``n_splits``
    that both sides have, and which variants were ``compared``.
    """
    by_cell = {key: rows.set_index("split") for key, rows in table.groupby(["method", "network", "dataset", "block"])}
    rows = []
    for network, dataset, method, metric in claim.parts():
        base, block = (claim.base, UNSEEN_GENES) if claim.base else (method, UNSEEN_INTERACTIONS)
        row = {"network": network, "dataset": dataset, "method": method, "metric": metric,
               "change": np.nan, "n_splits": 0, "compared": ""}  # fmt: skip
        for text in texts:
            ours = _variant(by_cell, method, text, (network, dataset, UNSEEN_GENES))
            other = _variant(by_cell, base, text, (network, dataset, block))
            if ours and other:
                row |= _change(by_cell[ours], by_cell[other], metric, of_ratio=of_ratio)
                row["compared"] = f"{ours[0]} : {other[0]}"
                break
        rows.append(row)
    return pd.DataFrame(rows)


def _variant(by_cell: dict, method: str, text: str, cell: tuple[str, str, str]) -> tuple[str, str, str, str] | None:
    stem, comma, condition = method.partition(", ")
    names = (f"{stem}{text}{comma}{condition}", method)
    return next(((name, *cell) for name in names if (name, *cell) in by_cell), None)


def _change(ours: pd.DataFrame, other: pd.DataFrame, metric: str, *, of_ratio: bool) -> dict[str, float]:
    splits = ours.index.intersection(other.index)
    if splits.empty:
        return {}
    values = [side.loc[splits, metric].mean() for side in (ours, other)]
    if of_ratio:
        values = [v / side.loc[splits, f"random_{metric}"].mean() for v, side in zip(values, (ours, other), strict=True)]
    return {"change": values[0] / values[1] - 1, "n_splits": len(splits)}


def claims_table(results: pd.DataFrame) -> pd.DataFrame:
    """The paper's claims: what it says, what its tables give, and what our results give.

    Columns ``..., over random`` compare ratios to random, for changes between blocks.
    """
    paper, ours = paper_accuracies(), accuracies(results)
    rows = []
    for claim in CLAIMS:
        row = {"claim": claim.text, "paper": claim.said, "from the paper's tables": _mean(changes(claim, paper))}
        parts = {column: changes(claim, ours, texts) for column, texts in TEXTS.items()}
        row |= {column: _mean(part) for column, part in parts.items()}
        if claim.base is None:
            row["paper's tables, over random"] = _mean(changes(claim, paper, of_ratio=True))
            row["ours, over random"] = _mean(changes(claim, ours, TEXTS["ours"], of_ratio=True))
        row |= {f"n_missing, {column}": int(part["change"].isna().sum()) for column, part in parts.items()}
        rows.append({**row, "n_parts": len(parts["ours"])})
    return pd.DataFrame(rows)


def claims_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table of claims as texts."""
    text = pd.DataFrame({"claim": table["claim"], "paper": table["paper"].map(percent)})
    for column in table.columns[2:]:
        if column in TEXTS:
            shares = table[f"n_missing, {column}"].astype(str) + " of " + table["n_parts"].astype(str)
            text[column] = table[column].map(percent).where(table[column].notna(), f"{NOT_RUN}: " + shares + " parts")
        elif not column.startswith("n_"):
            text[column] = table[column].map(percent)
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
            texts = [" / ".join(map(percent, cells[column])) for column in ("change", "paper") if cells[column].notna().any()]
            row[dataset] = NOT_RUN if cells["change"].isna().all() else "; ".join(texts)
        rows.append(row)
    return pd.DataFrame(rows)


def _mean(parts: pd.DataFrame) -> float:
    """The mean if all parts are there."""
    return float(parts["change"].mean(skipna=False))
