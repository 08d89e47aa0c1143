"""Tables and figures of a benchmark."""

from infosem.benchmark.report._paired import paired_differences
from infosem.benchmark.report._selection import select_by_training
from infosem.benchmark.report._summary import summary
from infosem.benchmark.report._write import write_report

__all__ = ["paired_differences", "select_by_training", "summary", "write_report"]
