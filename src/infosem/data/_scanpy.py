"""scanpy, imported where it is needed."""

from __future__ import annotations

from typing import Any


def import_scanpy() -> Any:
    """The package scanpy.

    Raises
    ------
    RuntimeError
        If it has no place to keep what numba compiles for it, without which it cannot be imported.
    """
    try:
        import scanpy
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        raise RuntimeError(
            "scanpy cannot be imported: numba can write neither beside it nor to the home directory. Name a folder "
            "that can be written to before Python starts: NUMBA_CACHE_DIR=/path."
        ) from error
    return scanpy
