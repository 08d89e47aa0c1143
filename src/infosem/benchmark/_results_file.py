"""The file ``results.csv`` with typed columns, compressed or not, of which a kill may have truncated the last line."""

from __future__ import annotations

import csv
import logging
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

logger = logging.getLogger(__name__)

COLUMNS = (
    "dataset", "network", "method", "split_kind", "split", "seed", "cells", "balanced", "block", "status",
    "n_pairs", "n_edges", "auprc", "auprc_ratio", "hit1", "n_top1", "early_precision_ratio", "auroc",
    "recall1", "recall5", "recall10", "recall50", "regulator_auprc_ratio", "mean_regulator_ratio", "n_regulators",
    "matched_auprc",
    "auprc_regulator_means", "auprc_target_means", "auprc_rows_normalised",
    "regulator_auprc_ratio_little_text", "regulator_auprc_ratio_some_text", "regulator_auprc_ratio_much_text",
    "seconds", "peak_mb", "peak_gpu_mb", "reason", "job",
)  # fmt: skip
"""Columns of the results: one row per method, data set, network, split, seed and block."""

KEY = ["dataset", "network", "method", "split_kind", "split", "seed", "cells", "balanced", "block"]
"""Columns that identify a row."""

_TEXTS = ("dataset", "network", "method", "split_kind", "block", "status", "job")
_WHOLE = ("split", "seed")
_COUNTS = ("n_pairs", "n_edges", "n_top1", "n_regulators")
_LONGEST_REASON = 2000


def read_results(path: str | Path) -> pd.DataFrame:
    """Read a ``results.csv`` with typed columns, so that a data set may be called ``NA`` or ``10``.

    The file may be compressed. ``results.csv.xz`` is also read if there is no file without the suffix.

    Of a truncated or empty file, all complete lines are read. Accuracies that an older version did not write are
    missing values.

    Raises
    ------
    ValueError
        If the file has unexpected columns, or a value of the wrong type.
    """
    return read_complete(plain_or_compressed(Path(path)))[0]


def plain_or_compressed(path: Path) -> Path:
    """Return the path, or that of the compressed file if only that exists."""
    compressed = path.with_name(f"{path.name}.xz")
    return compressed if compressed.exists() and not path.exists() else path


def read_complete(path: Path) -> tuple[pd.DataFrame, bool]:
    """Return the table of :func:`read_results`, and whether the file is complete with the columns of this version."""
    # invalid UTF-8 may be a truncated character at the end; complete lines are checked below
    text = _decompressed(path).decode("utf-8-sig", errors="surrogateescape")
    lines = text.split("\n")
    rest = lines.pop()
    header = next(csv.reader(lines[:1]), [])
    if not lines and ",".join(COLUMNS).startswith(rest):
        return typed(pd.DataFrame(columns=COLUMNS)), False
    unknown, missing = sorted(set(header) - set(COLUMNS)), sorted({*KEY, "status", "job"} - set(header))
    if unknown or missing:
        raise ValueError(
            f"{path} has other columns than the results of this version (unknown {unknown}, missing {missing}); give "
            "another output folder."
        )
    records = list(_records(lines, len(header)))
    rows = [record for record in records if record is not None and record != header]
    n_torn = records.count(None) + bool(rest)
    if n_torn:
        logger.warning("%s: left out %d incomplete lines, which an interrupted run may leave.", path, n_torn)
    table = _parsed(pd.DataFrame(rows, columns=header, dtype=object).reindex(columns=COLUMNS), path)
    unique = table.drop_duplicates([*KEY, "job"], keep="last", ignore_index=True)
    return unique, not n_torn and header == list(COLUMNS) and len(unique) == len(lines) - 1


def _decompressed(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix != ".xz":
        return raw
    try:
        return lzma.decompress(raw)
    except lzma.LZMAError as error:
        raise ValueError(f"{path} is damaged: {error}. Get it again, or give another output folder.") from None


def as_csv(table: pd.DataFrame, *, header: bool) -> bytes:
    """Return rows as CSV, one per line. Reading them again gives exactly the same values."""
    written = table.astype(dict.fromkeys(_COUNTS, "Int64"))
    return str(written.to_csv(index=False, header=header, lineterminator="\n")).encode()


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with all columns of the results and their types, even if there are no rows."""
    table = table.reindex(columns=COLUMNS)
    numbers = [name for name in COLUMNS if name not in (*_TEXTS, *_WHOLE, "balanced", "reason")]
    types = {**dict.fromkeys(numbers, float), **dict.fromkeys(_WHOLE, np.int64), **dict.fromkeys(_TEXTS, object)}
    table = table.astype({**types, "balanced": bool, "reason": object})
    reasons = [one_line(reason) if isinstance(reason, str) else np.nan for reason in table["reason"]]
    return table.assign(reason=pd.Series(reasons, index=table.index, dtype=object))


def one_line(text: str) -> str:
    """Return a message without line breaks and control characters, shortened if it is very long."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 4]} ..."


def _records(lines: list[str], n_fields: int) -> Iterator[list[str] | None]:
    """Yield the fields of each record after the header, and ``None`` for each line outside complete records."""
    first = 1
    while first < len(lines):
        last, n_quotes = first, lines[first].count('"')
        while n_quotes % 2 and last + 1 < len(lines):  # a line break within quotes
            last += 1
            n_quotes += lines[last].count('"')
        fields = _fields("\n".join(lines[first : last + 1]))
        if n_quotes % 2 or fields is None or len(fields) != n_fields:
            yield None
            first += 1  # the next line may begin a complete record
        else:
            yield fields
            first = last + 1


def _fields(record: str) -> list[str] | None:
    try:
        (fields,) = csv.reader([record.removesuffix("\r")], strict=True)
    except (csv.Error, ValueError):
        return None
    return fields


def _parsed(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    parsers: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(_WHOLE, _whole),
        **dict.fromkeys(_TEXTS, _text),
        "balanced": _flag,
        "reason": str,
    }
    columns: dict[str, list[Any]] = {}
    for name in COLUMNS:
        parse = parsers.get(name, _number)
        try:
            columns[name] = [np.nan if value is np.nan else parse(value) for value in table[name]]
        except ValueError as error:
            raise ValueError(f"{path} has an invalid value in the column {name!r}: {error}.") from None
    columns["reason"] = [reason or np.nan for reason in columns["reason"]]
    return typed(pd.DataFrame(columns))


def _text(value: str) -> str:
    value.encode()
    return value


def _whole(value: str) -> int:
    number = float(value)
    if not number.is_integer():
        raise ValueError(f"{value!r} is not a whole number")
    return int(number)


def _number(value: str) -> float:
    return float(value) if value else np.nan


def _flag(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"{value!r} is neither True nor False")
    return value.lower() == "true"
