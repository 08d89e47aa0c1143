"""Choice of readers and writers by file extension, and reading of text tables."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from infosem.files._text_files import cells_of, opened, read_text

logger = logging.getLogger(__name__)

Choice = TypeVar("Choice")

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
"""Cell separator by extension, unless the first line uses another one."""


def by_ending(path: Path, choices: Mapping[str, Choice]) -> Choice:
    """Return the choice for the extension of a path, ignoring ``.gz``. Raise if the extension is unknown."""
    name = path.name.lower().removesuffix(".gz")
    for ending, choice in choices.items():
        if name.endswith(ending):
            return choice
    raise ValueError(f"{path.name!r} ends with none of {', '.join(choices)}.")


def read_names(path: str | Path) -> pd.DataFrame:
    """Read a ``.csv``, ``.tsv`` or ``.txt`` table as text, optionally compressed. The gene NA is not missing."""
    path = Path(path)
    if path.is_file():
        with opened(path):  # errors about content come before those about the extension
            pass
    table = read_table(path, by_ending(path, SEPARATORS), dtype=str, keep_default_na=False, na_values=[""])
    return table.rename(columns=lambda title: title.strip() if isinstance(title, str) else title)


def read_table(path: Path, separator: str, *, may_lack_header: bool = False, **options: Any) -> pd.DataFrame:
    """Read a table from a text file, skipping leading comment lines.

    Parameters
    ----------
    path
        Path of the file.
    separator
        Cell separator that the extension implies. Another one is used if the first line requires it.
    may_lack_header
        Whether to treat a first line of a name and numbers as a row instead of titles, with a warning.
    **options
        Passed to :func:`pandas.read_csv`.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not text, or not a table.
    """
    text = _without_comments(_with_line_feeds(read_text(path)))
    header, _, rest = text.partition("\n")
    if separator not in header:
        separator = max(dict.fromkeys([separator, *SEPARATORS.values(), ";"]), key=header.count)
    decimal = "," if separator == ";" and "," in rest.partition("\n")[0] else "."
    titles, first = (cells_of(line, separator) for line in (header, rest.partition("\n")[0]))
    if len(first) == len(titles) + 1 and first[-1].strip():
        options |= {"names": ["", *titles], "header": 0}  # R writes row names without a title
    elif may_lack_header and _is_row(titles, decimal):
        options |= {"header": None}
        logger.warning("%r has no header: its first line is read as the first row, of %r.", path.name, titles[0])
    try:
        # otherwise pandas takes the first column for row names if all rows end with a separator
        return pd.read_csv(io.StringIO(text), sep=separator, decimal=decimal, index_col=False, **options)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path.name!r} is empty.") from None
    except (pd.errors.ParserError, ValueError) as error:
        raise ValueError(f"{path.name!r} is not a table: {str(error).strip()}") from error


def _with_line_feeds(text: str) -> str:
    """Convert the carriage returns of classic Mac OS to line feeds."""
    return text if "\n" in text else text.replace("\r", "\n")


def _is_row(cells: list[str], decimal: str) -> bool:
    """Return whether a first line is a name followed by numbers that do not count columns."""
    try:
        numbers = [float(cell.strip().replace(decimal, ".")) for cell in cells[1:]]
    except ValueError:
        return False
    counts = len(numbers) > 1 and all(after - before == 1 for before, after in pairwise(numbers))
    return bool(numbers) and cells[0].strip() != "" and not counts and not all(map(isnan, numbers))


def _without_comments(text: str) -> str:
    """Remove leading lines that begin with ``#``. The last of them is kept if it is the header."""
    comment, line, rest = "", *_first_line(text)
    while line.startswith("#"):
        comment, (line, rest) = line.lstrip("# "), _first_line(rest)
    is_header = any(0 < comment.count(mark) == line.count(mark) for mark in (*SEPARATORS.values(), ";"))
    return "\n".join([comment, line, rest] if is_header else [line, rest])


def _first_line(text: str) -> tuple[str, str]:
    line, _, rest = text.partition("\n")
    return line.removesuffix("\r"), rest
