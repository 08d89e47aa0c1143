"""Gene names from text files, with one or several names per line, or in a table column."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from infosem.files._text_files import cells_of, read_text

logger = logging.getLogger(__name__)

_SEPARATORS = ("\t", ",", ";")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_BETWEEN_NAMES = re.compile(r"[,;\t](?!\d+\s*$)")
"""Separators between names, but not within the yeast gene ADE5,7."""
_NAMED = (
    frozenset(
        f"{kind}{part}{plural}"
        for kind in ("gene", "hgnc", "mgi", "approved", "ensembl", "ensembl gene")
        for part in (" symbol", " name", " id", "")
        for plural in ("", "s")
    )
    | {"symbol", "symbols", "name", "names", "tfs"}
    | {f"{kind}{plural}" for kind in ("regulator", "transcription factor") for plural in ("", "s")}
)
"""Titles of gene columns, in lower case, that are not gene names themselves."""
_NAMED_IN_A_TABLE = _NAMED | {"tf"}
"""In a plain list, TF is the gene of transferrin and not a title."""


def read_list(path: Path) -> list[str]:
    """Read the names in a file, in order.

    A file has one name per line, all names on one line, or a table. Of a table, the column ``source`` is read, or else
    a column with a gene title (symbols rather than identifiers), or else the first column apart from row numbers. Blank
    lines, quotes and text after ``#`` are ignored. In a catalogue of transcription factors (Lambert et al. 2018), genes
    marked as not being one are ignored.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not text, or holds no names.
    """
    # tabs are kept, because the header of a table may begin with one
    lines = [_COMMENT.sub("", line).strip(" \r\n\xa0\u200b\ufeff") for line in read_text(path).splitlines()]
    rows = [cells for line in _rows([line for line in lines if line.strip()]) if any(cells := list(map(_clean, line)))]
    if rows and rows[0][0].startswith(("[", "{", "c(")):
        raise ValueError(
            f"{path.name!r} holds a list in program syntax ({rows[0][0][:20]}...). Write a file with one name on each "
            "line, or pass the list itself."
        )
    names = [name for name in _names(rows, path) if name]
    if not names:
        raise ValueError(f"{path.name!r} holds no name{f' below {rows[0]}' if rows else ''}. Write one on each line.")
    return names


def _rows(lines: list[str]) -> list[list[str]]:
    """Split the lines into cells."""
    separator = next((mark for mark in _SEPARATORS if lines and all(mark in line for line in lines)), None)
    if separator is not None:
        rows = _split(lines, separator)
        wrapped = len(rows) > 1 and all(line.endswith(separator) for line in lines[:-1])
        return [[name] for row in rows for name in row] if wrapped else rows
    if any(mark in line for mark in _SEPARATORS for line in lines):
        return [[name] for line in lines for name in _BETWEEN_NAMES.split(line)]
    words = _split([" ".join(line.split()) for line in lines], " ")
    return words if len(set(map(len, words))) == 1 or _counts_rows(words) else [[line] for line in lines]


def _split(lines: list[str], separator: str) -> list[list[str]]:
    return [cells_of(line, separator, skip_blanks=True) for line in lines]


def _names(rows: list[list[str]], path: Path) -> list[str]:
    if not rows:
        return []
    if len(rows) == 1 and "source" not in rows[0]:
        return rows[0][1:] if _title(rows[0][0]) in _NAMED else rows[0]
    column = None
    if _counts_rows(rows):
        # tables with row numbers have titles
        rows = [rows[0][len(rows[0]) - len(rows[1]) + 1 :], *(row[1:] for row in rows[1:])]
        column = 0
    titles = [_title(cell) for cell in rows[0]]
    named = _NAMED if len(titles) == 1 else _NAMED_IN_A_TABLE
    columns = [at for at, title in enumerate(titles) if title in named]
    column = min(columns, key=lambda at: (titles[at].startswith("ensembl"), " id" in titles[at], at), default=column)
    if "source" in titles:
        column = titles.index("source")
    if len(titles) > 1:
        which = "first" if column is None else repr(rows[0][column])
        logger.info("%r is read as a table, whose %s column holds the names.", path.name, which)
    judged = titles.index("is tf?") if "is tf?" in titles else None
    return [
        row[column or 0]
        for row in rows[0 if column is None else 1 :]
        if len(row) > (column or 0) and (judged is None or _title("".join(row[judged : judged + 1])) != "no")
    ]


def _counts_rows(rows: list[list[str]]) -> bool:
    """Return whether the first column counts the rows from zero or one and has no title."""
    if len(rows) < 2:
        return False
    header, *rest = rows
    if {len(row) for row in rest} != {width := len(rest[0])} or width < 2:
        return False
    untitled = len(header) == width - 1 or (len(header) == width and header[0] == "")
    numbers = [row[0] for row in rest]
    return untitled and any(numbers == [str(at + start) for at in range(len(rest))] for start in (0, 1))


def _clean(cell: str) -> str:
    return cell.strip(" \t\xa0\u200b\ufeff").strip("\"'").strip()


def _title(cell: str) -> str:
    return re.sub(r"[\s._-]+", " ", cell).lower()
