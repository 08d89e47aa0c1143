"""The file ``results.csv``: text whose columns have types, and of which a kill can have torn the end. Or compressed."""

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
    """Read a ``results.csv``, each column as what it is: a data set may be called ``NA`` or ``10``.

    It may be compressed, as ``results.csv.xz``, which is also read if only that is there.

    Of an empty file, and of one that a kill cut off, what is complete is read. Accuracies that an older version did not
    write are missing.

    Raises
    ------
    ValueError
        If it has other columns, or a value that is not of its column's type.
    """
    return read_complete(plain_or_compressed(Path(path)))[0]


def plain_or_compressed(path: Path) -> Path:
    """The file, or the compressed one beside it where there is no other."""
    compressed = path.with_name(f"{path.name}.xz")
    return compressed if compressed.exists() and not path.exists() else path


def read_complete(path: Path) -> tuple[pd.DataFrame, bool]:
    """The table of :func:`read_results`, and whether that is all that the file holds, in this version's columns."""
    # what is no UTF-8 may be half a letter at the end; whether it is in a complete line is seen below
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
        logger.warning("%s: lines that are not complete, as a kill leaves them, are left out: %d.", path, n_torn)
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
    """Rows as they are written, one a line: what is read again is the same to the last digit."""
    written = table.astype(dict.fromkeys(_COUNTS, "Int64"))
    return str(written.to_csv(index=False, header=header, lineterminator="\n")).encode()


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with every column of the results, each of its type, whatever they hold and if there are none."""
    table = table.reindex(columns=COLUMNS)
    numbers = [name for name in COLUMNS if name not in (*_TEXTS, *_WHOLE, "balanced", "reason")]
    types = {**dict.fromkeys(numbers, float), **dict.fromkeys(_WHOLE, np.int64), **dict.fromkeys(_TEXTS, object)}
    table = table.astype({**types, "balanced": bool, "reason": object})
    reasons = [one_line(reason) if isinstance(reason, str) else np.nan for reason in table["reason"]]
    return table.assign(reason=pd.Series(reasons, index=table.index, dtype=object))


def one_line(text: str) -> str:
    """A message without line breaks, colours of a terminal, and thousands of numbers."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 4]} ..."


def _records(lines: list[str], n_fields: int) -> Iterator[list[str] | None]:
    """Fields of every record after the header; ``None`` for each line that belongs to no complete one."""
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
            raise ValueError(
                f"{path} has in the column {name!r} a value that does not belong there: {error}."
            ) from None
    columns["reason"] = [reason or np.nan for reason in columns["reason"]]
    return typed(pd.DataFrame(columns))


def _text(value: str) -> str:
    value.encode()
    return value


def _whole(value: str) -> int:
    number = float(value)
    if not number.is_integer():
        raise ValueError(f"{value!r} is no whole number")
    return int(number)


def _number(value: str) -> float:
    return float(value) if value else np.nan


def _flag(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"{value!r} is neither True nor False")
    return value.lower() == "true"
