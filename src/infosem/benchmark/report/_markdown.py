"""Tables and numbers as markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

NOT_RUN = "not run"
NOT_PLANNED = "-"


def markdown_table(table: pd.DataFrame) -> str:
    """A table of texts, the first column to the left, the others to the right."""
    rows = [list(map(str, table.columns)), ["---", *["---:"] * (table.shape[1] - 1)]]
    rows += [[str(cell).replace("|", "\\|") for cell in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def number(value: float, digits: int = 3) -> str:
    """A number with fixed digits; a dash if there is none."""
    return NOT_PLANNED if math.isnan(value) else f"{value:.{digits}f}"


def mean_sd(mean: float, sd: float, ratio: float = math.nan) -> str:
    """``0.331 (0.055) 1.49x``: mean, sd if there is one, ratio to random if given."""
    parts = [number(mean)]
    if not math.isnan(sd):
        parts.append(f"({sd:.3f})")
    if not math.isnan(ratio):
        parts.append(times(ratio))
    return " ".join(parts)


def times(ratio: float) -> str:
    """``1.49x``."""
    return NOT_PLANNED if math.isnan(ratio) else f"{ratio:.2f}x"


def percent(change: float) -> str:
    """``+25.0 %``."""
    return NOT_PLANNED if math.isnan(change) else f"{100 * change:+.1f} %"


def slashed(values: Sequence[float], digits: int = 2) -> str:
    """``0.02 / 0.09 / 0.18``."""
    return " / ".join(number(value, digits) for value in values)


def not_run(hours: float = math.nan) -> str:
    """``not run, ~3.1 h``."""
    if math.isnan(hours):
        return NOT_RUN
    return f"{NOT_RUN}, {about(hours)} h"


def about(hours: float) -> str:
    """``<0.1``, ``~3.1``, ``~240``."""
    if hours < 0.1:
        return "<0.1"
    return f"~{hours:.0f}" if hours >= 10 else f"~{hours:.1f}"
