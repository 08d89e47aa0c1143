"""What infosem finds where cells differ by more than their network: by batch, by group, by the depth of their counts.

    python benchmarks/cells.py batches --output benchmarks/results/cells    # or groups, counts
    python benchmarks/cells.py counts --fast --output FOLDER                # small cells, one seed, for a trial

All cells are simulated, so that the truth is known; `pip install "infosem[sergio]"` draws those of SERGIO, too. A row
is written to PART.csv as soon as it is there, and a repeated run adds what is missing. A row that failed holds the
error, is "not run" in the summary, and is tried again. An accuracy is the AUPRC over that of a random order: of all
pairs of the regulators that have a target, and the mean over these regulators of the same within the targets of one.
PART.md is the summary, geometric means over the seeds. A trial writes PART_fast.csv and PART_fast.md.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from pathlib import Path

from infosem.model._quiet import quiet
from on_cells.parts import batches, counts, groups
from on_cells.rows import Rows

PARTS = {"batches": batches, "groups": groups, "counts": counts}
"""Modules with functions ``run``, which adds rows, and ``summary``, which makes a text of them."""


def main(arguments: list[str] | None = None) -> None:
    """Read the options, run one part, and print and write its summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--output", type=Path, required=True, help="folder of PART.csv and PART.md")
    parser.add_argument("--seeds", type=int, default=3, help="number of draws of each data set")
    parser.add_argument("--fast", action="store_true", help="small cells and one seed, in a minute")
    parser.add_argument("--summary", action="store_true", help="sum up the rows that are there, and run nothing")
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True, exist_ok=True)
    part, name = PARTS[given.part], f"{given.part}_fast" if given.fast else given.part
    rows = Rows(given.output / f"{name}.csv")
    if not given.summary:
        with warnings.catch_warnings(), quiet(logging.ERROR):
            warnings.simplefilter("ignore")
            part.run(rows, seeds=1 if given.fast else given.seeds, fast=given.fast)
    text = part.summary(rows.table())
    (given.output / f"{name}.md").write_text(text + "\n", encoding="utf-8")
    print(text)
