"""Where the package keeps on disk what took long to come by."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(cache: str | Path, kind: str) -> Path:
    """The folder that ``cache`` names, or for ``"auto"`` ``infosem/<kind>`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if cache != "auto":
        return Path(cache)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "infosem" / kind
