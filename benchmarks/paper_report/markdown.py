"""Numbers and tables as markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

NOT_RUN = "not run"
NOT_PLANNED = "-"


def markdown_table(table: pd.DataFrame) -> str:
    """A table of texts, the first column to the left, the others to the right."""
    if table.empty:
        return NOT_RUN.capitalize() + "."
    rows = [[str(cell).replace("|", "\\|") for cell in row] for row in (table.columns, *table.to_numpy(dtype=object))]
    rows.insert(1, ["---", *["---:"] * (table.shape[1] - 1)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def captioned(tables: dict[str, pd.DataFrame]) -> str:
    """Tables, each under its caption."""
    return "\n\n".join(f"**{caption}**\n\n{markdown_table(table)}" for caption, table in tables.items())


def number(value: float, pattern: str = "{:.3f}") -> str:
    """A number in a pattern of digits; a dash if there is none."""
    return NOT_PLANNED if math.isnan(value) else pattern.format(value)


def mean_sd(mean: float, sd: float, ratio: float = math.nan) -> str:
    """``0.331 (0.055) 1.49x``: mean, sd if there is one, ratio to random if given."""
    parts = [number(mean), *([] if math.isnan(sd) else [f"({sd:.3f})"]), *([] if math.isnan(ratio) else [times(ratio)])]
    return " ".join(parts)


def times(ratio: float) -> str:
    """``1.49x``."""
    return number(ratio, "{:.2f}x")


def percent(change: float) -> str:
    """``+25.0 %``."""
    return number(change, "{:+.1%}").replace("%", " %")


def slashed(values: Iterable[float]) -> str:
    """``0.02 / 0.09 / 0.18``."""
    return " / ".join(number(value, "{:.2f}") for value in values)


def not_run(hours: float) -> str:
    """``not run, ~3.1 h``."""
    return NOT_RUN if math.isnan(hours) else f"{NOT_RUN}, {about(hours)} h"


def about(hours: float) -> str:
    """``<0.1``, ``~3.1``, ``~240``."""
    if hours < 0.1:
        return "<0.1"
    return f"~{hours:.0f}" if hours >= 10 else f"~{hours:.1f}"
