"""What to do with a file, by the ending of its name; tables of text."""

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
"""What separates the cells of a table, unless its first line has something else."""


def by_ending(path: Path, choices: Mapping[str, Choice]) -> Choice:
    """The choice whose ending the name has, compressed (``.gz``) or not."""
    name = path.name.lower().removesuffix(".gz")
    for ending, choice in choices.items():
        if name.endswith(ending):
            return choice
    raise ValueError(f"{path.name!r} ends with none of {', '.join(choices)}.")


def read_names(path: str | Path) -> pd.DataFrame:
    """A table of text, ``.csv``, ``.tsv`` or ``.txt``, compressed or not; the gene NA is no missing value."""
    path = Path(path)
    if path.is_file():
        with opened(path):  # what it is goes before what it is called
            pass
    table = read_table(path, by_ending(path, SEPARATORS), dtype=str, keep_default_na=False, na_values=[""])
    return table.rename(columns=lambda title: title.strip() if isinstance(title, str) else title)


def read_table(path: Path, separator: str, *, may_lack_header: bool = False, **options: Any) -> pd.DataFrame:
    """A table in a text file, below lines of comments; ``separator`` is what its name promises.

    Parameters
    ----------
    path
        The file.
    separator
        What separates cells, unless the first line has something else.
    may_lack_header
        Whether a first line of numbers below the first cell is a row, not the titles, of which a warning tells.
    **options
        Passed to :func:`pandas.read_csv`.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If it is no text, or no table.
    """
    text = _without_comments(_with_line_feeds(read_text(path)))
    header, _, rest = text.partition("\n")
    if separator not in header:
        separator = max(dict.fromkeys([separator, *SEPARATORS.values(), ";"]), key=header.count)
    decimal = "," if separator == ";" and "," in rest.partition("\n")[0] else "."
    titles, first = (cells_of(line, separator) for line in (header, rest.partition("\n")[0]))
    if len(first) == len(titles) + 1 and first[-1].strip():
        options |= {"names": ["", *titles], "header": 0}  # as R writes the names of rows
    elif may_lack_header and _is_row(titles, decimal):
        options |= {"header": None}
        logger.warning("%r has no line of titles: its first line is the first row, of %r.", path.name, titles[0])
    try:
        # without False pandas takes a first column for names of the rows where each ends with a separator
        return pd.read_csv(io.StringIO(text), sep=separator, decimal=decimal, index_col=False, **options)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path.name!r} is empty.") from None
    except (pd.errors.ParserError, ValueError) as error:
        raise ValueError(f"{path.name!r} is no table: {str(error).strip()}") from error


def _with_line_feeds(text: str) -> str:
    """Lines of an old Mac, which end with a carriage return alone, as all others are."""
    return text if "\n" in text else text.replace("\r", "\n")


def _is_row(cells: list[str], decimal: str) -> bool:
    """Whether a first line has a name and numbers, and not the numbers of columns."""
    try:
        numbers = [float(cell.strip().replace(decimal, ".")) for cell in cells[1:]]
    except ValueError:
        return False
    counts = len(numbers) > 1 and all(after - before == 1 for before, after in pairwise(numbers))
    return bool(numbers) and cells[0].strip() != "" and not counts and not all(map(isnan, numbers))


def _without_comments(text: str) -> str:
    """The table below lines that begin with ``#``, of which the last may be its header."""
    comment, line, rest = "", *_first_line(text)
    while line.startswith("#"):
        comment, (line, rest) = line.lstrip("# "), _first_line(rest)
    is_header = any(0 < comment.count(mark) == line.count(mark) for mark in (*SEPARATORS.values(), ";"))
    return "\n".join([comment, line, rest] if is_header else [line, rest])


def _first_line(text: str) -> tuple[str, str]:
    line, _, rest = text.partition("\n")
    return line.removesuffix("\r"), rest
