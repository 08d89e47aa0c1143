"""File names from names of data sets and networks."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 150


def file_name(*names: str) -> str:
    """Join names by ``_`` and encode characters with a meaning in paths, such as ``/`` as ``%2F``.

    A name that is too long for a file system is shortened and ends in a checksum.
    """
    name = "_".join(re.sub(r'[/\\:*?"<>|%]', lambda found: f"%{ord(found[0]):02X}", part) for part in names)
    if len(name.encode()) <= _LONGEST:
        return name
    checksum = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name.encode()[: _LONGEST - 17].decode(errors='ignore')}_{checksum}"
