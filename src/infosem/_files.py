"""What to do with a file, by the ending of its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

Choice = TypeVar("Choice")


def by_ending(path: Path, choices: Mapping[str, Choice]) -> Choice:
    """The choice whose ending the name has, compressed (``.gz``) or not."""
    name = path.name.lower().removesuffix(".gz")
    for ending, choice in choices.items():
        if name.endswith(ending):
            return choice
    raise ValueError(f"{path.name!r} ends with none of {', '.join(choices)}.")
