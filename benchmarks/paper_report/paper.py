"""The numbers of the InfoSEM paper, and where they belong."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd

from infosem.benchmark._splits import UNSEEN_GENES, UNSEEN_INTERACTIONS

CELL_SPECIFIC, NON_SPECIFIC = "chip_cell_specific", "chip_non_specific"
NETWORKS = {CELL_SPECIFIC: "cell-type-specific ChIP-seq", NON_SPECIFIC: "non-specific ChIP-seq"}
DATASETS = ("hESC", "hHEP", "mDC", "mESC")
METHODS = (
    "One-hot LR", "MatComp", "scGREAT", "GENELink", "GRNBoost2", "DeepSEM", "InfoSEM-B", "InfoSEM-BC", "Random",
)  # fmt: skip
TABLES = {
    (UNSEEN_GENES, CELL_SPECIFIC): 2,
    (UNSEEN_INTERACTIONS, CELL_SPECIFIC): 3,
    (UNSEEN_INTERACTIONS, NON_SPECIFIC): 4,
    (UNSEEN_GENES, NON_SPECIFIC): 5,
}
"""Number of the paper's table of each block and network."""

_NAME = re.compile(r"(?P<title>.+?)(?: \((?:BioBERT|MiniLM)(?:, tuned)?\))?")


@cache
def paper_numbers() -> pd.DataFrame:
    """Tables 2-6, a number a row: mean, sd, and, but for Table 6, that of its own row *Random* and the ratio to it."""
    table = pd.read_csv(Path(__file__).with_name("paper_numbers.csv"))
    keys = ["table", "dataset", "metric"]
    random = table[table["method"] == "Random"].set_index(keys)["mean"].rename("random")
    table = table.join(random, on=keys)
    return table.assign(ratio=table["mean"] / table["random"])


def paper_method(method: str) -> str | None:
    """The paper's name of a method: of ``"InfoSEM-B (MiniLM)"`` *InfoSEM-B*; none of controls."""
    match = _NAME.fullmatch(method)
    return match["title"] if match and match["title"] in METHODS else None


def base_method(method: str) -> str:
    """What a variant is one of: of ``"InfoSEM-B prior mean (MiniLM)"`` and ``"InfoSEM-B (GenePT)"`` *InfoSEM-B*."""
    return re.sub(r",? prior mean$", "", method.partition(" (")[0])


def paper_place(method: str) -> int:
    """Where the paper's tables list a method; others come after them."""
    title = paper_method(method)
    return METHODS.index(title) if title else len(METHODS)
