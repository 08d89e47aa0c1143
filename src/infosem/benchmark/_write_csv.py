"""Writing of benchmark tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from infosem.files._atomic import replacing


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index. The file is written atomically, with the same bytes on every system."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")
