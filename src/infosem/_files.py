"""What to do with a file, by the ending of its name; tables of names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pandas as pd

Choice = TypeVar("Choice")


def by_ending(path: Path, choices: Mapping[str, Choice]) -> Choice:
    """The choice whose ending the name has, compressed (``.gz``) or not."""
    name = path.name.lower().removesuffix(".gz")
    for ending, choice in choices.items():
        if name.endswith(ending):
            return choice
    raise ValueError(f"{path.name!r} ends with none of {', '.join(choices)}.")


def read_names(path: str | Path) -> pd.DataFrame:
    """A table of text, ``.csv`` or ``.tsv``, compressed or not; the gene NA is no missing value."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    separator = by_ending(path, {".csv": ",", ".tsv": "\t"})
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, na_values=[""])
