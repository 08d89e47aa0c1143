"""Names of data sets and networks in the names of files."""

from __future__ import annotations

import hashlib
import re

_LONGEST = 150


def file_name(*names: str) -> str:
    """Names joined by ``_``, without what has a meaning in a path: ``/`` is ``%2F``.

    What is too long for a file system ends in a checksum.
    """
    name = "_".join(re.sub(r'[/\\:*?"<>|%]', lambda found: f"%{ord(found[0]):02X}", part) for part in names)
    if len(name.encode()) <= _LONGEST:
        return name
    checksum = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name.encode()[: _LONGEST - 17].decode(errors='ignore')}_{checksum}"
