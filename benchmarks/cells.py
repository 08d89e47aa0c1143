"""Batches, groups and counts of cells: ``python benchmarks/cells.py --help`` says how; its parts are in on_cells/."""

from on_cells.command import PARTS, main

__all__ = ["PARTS", "main"]

if __name__ == "__main__":
    main()
