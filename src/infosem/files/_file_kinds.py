"""Detection of file types by content, independent of the extension."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

LONGEST_MAGIC = 1024
"""Number of leading bytes that identify a file type."""


@dataclass(frozen=True)
class Kind:
    """File type.

    Attributes
    ----------
    name
        Name of the file type.
    mend
        Instruction for the user if such a file is given instead of text.
    """

    name: str
    mend: str


_EXCEL = "In Excel, save the sheet as CSV UTF-8 (.csv); or pass pandas.read_excel(path)"
_DOCUMENT = "Save it as plain text"
_UNPACK = "Unpack it first; the only compression that infosem reads is .gz"
_TABLE = "Read it yourself and pass what is in it"

NPY = Kind("a numpy array (.npy)", "Pass numpy.load(path)")
NPZ = Kind("an archive of numpy arrays (.npz)", "Pass an array of numpy.load(path)")
PARQUET = Kind("a Parquet table", "Pass a column or the table of pandas.read_parquet(path)")
PICKLE = Kind("a pickle", "Pass what is in it, if you trust where it comes from: pandas.read_pickle(path)")
_TORCH = Kind(
    "a file of torch.save",
    "Pass what is in it: torch.load(path, weights_only=True), a tensor or a dictionary of them by name",
)
_JOBLIB = Kind(
    "a compressed pickle of joblib", "Pass what is in it, if you trust where it comes from: joblib.load(path)"
)
_ZIP = Kind(
    "a zip archive, such as an Excel workbook",
    f"{_EXCEL}. Otherwise unpack it; infosem reads only .gz",
)

_MAGIC = (
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\xd0\xcf\x11\xe0", Kind("a legacy Excel or Word file (.xls, .doc)", _EXCEL)),
    (b"\x89HDF\r\n\x1a\n", Kind("an HDF5 file, such as .h5ad or .loom", "Read it with anndata and pass what is in it")),
    (b"\x93NUMPY", NPY),
    (b"PAR1", PARQUET),
    (b"ARROW1", Kind("a Feather file", "Pass a column or the table of pandas.read_feather(path)")),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", _TORCH),  # before its version 1.6
    *((b"\x80" + bytes([protocol]), PICKLE) for protocol in range(2, 6)),
    (b"\x1f\x8b", Kind("compressed twice (.gz in .gz)", _UNPACK)),
    (b"BZh", Kind("compressed by bzip2", _UNPACK)),
    (b"\xfd7zXZ\x00", Kind("compressed by xz", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("compressed by zstd", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", _UNPACK)),
    (b"Rar!", Kind("a rar archive", _UNPACK)),
    (b"%PDF", Kind("a PDF", "Copy the names from it into a text file")),
    (b"{\\rtf", Kind("formatted text (RTF)", f"{_DOCUMENT} (in TextEdit: Format, Make Plain Text)")),
    (b"SQLite format 3\x00", Kind("an SQLite database", _TABLE)),
    (b"RDX", Kind("a file of R (.rda)", "In R, write.csv(table, 'table.csv')")),
    (b"X\n\x00\x00\x00", Kind("a file of R (.rds)", "In R, write.csv(table, 'table.csv')")),
    (b"\x89PNG", Kind("a picture", _TABLE)),
    (b"\xff\xd8\xff", Kind("a picture", _TABLE)),
)
_WEB_PAGE = Kind("a web page (HTML), not the file itself", "Download the file itself (on GitHub: Raw)")
_POINTER = Kind("a Git LFS pointer, not the file itself", "Run git lfs pull")
_BY_MEMBER = (
    ("xl/", Kind("an Excel workbook (.xlsx)", _EXCEL)),
    ("word/", Kind("a Word document (.docx)", _DOCUMENT)),
    ("content.xml", Kind("an OpenDocument file (.ods, .odt)", "Save it as CSV or plain text")),
    ("Index/", Kind("a Numbers or Pages document", "Export it as CSV")),
)


def kind_of(file: BinaryIO) -> Kind | None:
    """Return the type of a seekable file at its start, ``None`` for text and unknown types."""
    start = file.read(LONGEST_MAGIC)
    file.seek(0)
    kind = next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)
    if kind is _ZIP:
        return _kind_of_archive(file)
    if kind is None and start.startswith(b"x") and _begins_with_pickle(start):
        return _JOBLIB
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return _WEB_PAGE
    return _POINTER if text.startswith(b"version https://git-lfs") else kind


def _begins_with_pickle(start: bytes) -> bool:
    """Return whether bytes are a pickle compressed by zlib, as written by joblib."""
    try:
        return zlib.decompressobj().decompress(start, 1) == b"\x80"
    except zlib.error:
        return False


def _kind_of_archive(file: BinaryIO) -> Kind:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        members = []
    file.seek(0)
    if members and all(member.endswith(".npy") for member in members):
        return NPZ
    if any(member.endswith("/data.pkl") for member in members):
        return _TORCH
    known = (kind for start, kind in _BY_MEMBER if any(member.startswith(start) for member in members))
    return next(known, _ZIP)
