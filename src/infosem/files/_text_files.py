"""Opening of user files after detection of their type, and reading of text in common encodings."""

from __future__ import annotations

import codecs
import csv
import gzip
import logging
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from infosem.files._file_kinds import Kind, kind_of

logger = logging.getLogger(__name__)

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f]")
_END_OF_FILE = "\x1a"
"""End-of-file character of DOS."""


@contextmanager
def opened(path: Path, *expected: Kind) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, optionally compressed by gzip.

    Parameters
    ----------
    path
        Path of the file.
    *expected
        File types to accept in addition to text and unknown types.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is of another type, which the message names, or if it is truncated.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder; name a file in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    with path.open("rb") as stored:
        compressed = stored.read(2) == _GZIP
        stored.seek(0)
        try:
            with cast("BinaryIO", gzip.open(stored) if compressed else stored) as file:
                kind = kind_of(file)
                if kind is not None and kind not in expected:
                    raise ValueError(f"{path.name!r} is {kind.name}. {kind.mend}.")
                yield file
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path.name!r} is cut off or damaged ({error}). Copy or download it again.") from error


def read_text(path: Path) -> str:
    """Read a text file, optionally compressed, in UTF-8, UTF-16, UTF-32 or else, with a warning, in Windows-1252.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file is not text. The message names its type.
    """
    with opened(path) as file:
        content = file.read()
    marked = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)), None)
    encoding = marked or _without_mark(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise ValueError(f"{path.name!r} is not complete text in {encoding.upper()} ({error.reason}).") from error
        text = _in_windows_1252(content, path, error)
    text = text.removesuffix(_END_OF_FILE)
    if found := _NO_TEXT.search(text):
        raise ValueError(
            f"{path.name!r} is not text: byte {ord(found[0])} is at position {found.start()}. Save it as plain text "
            "in UTF-8."
        )
    return text


def cells_of(line: str, separator: str, *, skip_blanks: bool = False) -> list[str]:
    """Split a line of any length into cells. ``skip_blanks`` removes blanks at the beginning of cells."""
    before = csv.field_size_limit(max(len(line) + 1, csv.field_size_limit()))
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=skip_blanks), [])
    finally:
        csv.field_size_limit(before)


def _without_mark(content: bytes) -> str:
    """Return UTF-8, or UTF-16 if most bytes at odd or at even positions are zero, as for Latin letters."""
    start = content[:1000]
    even, odd = start[::2], start[1::2]
    for zero, other, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zero.count(0) > 0.5 * len(zero) and not other.count(0):
            return encoding
    return "utf-8"


def _in_windows_1252(content: bytes, path: Path, error: UnicodeDecodeError) -> str:
    # bytes that Windows-1252 does not define are replaced
    text = content.decode("cp1252", errors="replace")
    if not _NO_TEXT.search(text):
        line = content.count(b"\n", 0, error.start) + 1
        shown = content.splitlines()[line - 1].decode("cp1252", errors="replace").strip()
        logger.warning(
            "%r is not UTF-8 text and is read as Windows-1252: line %d is %r. If that is wrong, save it as UTF-8.",
            path.name,
            line,
            shown[:60],
        )
    return text
