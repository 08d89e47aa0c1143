"""The report of the paper's benchmark: its tables and figures, the paper's numbers beside ours.

    python benchmarks/report.py --config benchmarks/configs/paper.toml --results benchmarks/results/paper \
        --output docs/benchmark

Reads the configuration, its data sets (INFOSEM_DATA) and the results. Writes report.md, a CSV of every table and a PNG
of every figure.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from paper_report import write_report

from infosem import benchmark


def main(arguments: list[str]) -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="TOML file: data sets, methods, splits")
    parser.add_argument("--data", type=Path, help="folder of the data sets (default: $INFOSEM_DATA)")
    parser.add_argument("--results", type=Path, required=True, help="folder that infosem benchmark wrote to")
    parser.add_argument("--output", type=Path, required=True, help="folder for report.md, tables and figures")
    given = parser.parse_args(arguments)
    grid = benchmark.read_config(given.config, data=given.data)
    command = shlex.join(["python", "benchmarks/report.py", *arguments])
    print(f"Wrote {write_report(given.results, given.output, grid, command=command)}")


if __name__ == "__main__":
    main(sys.argv[1:])
