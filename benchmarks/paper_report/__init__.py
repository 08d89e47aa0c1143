"""The report of the paper's benchmark: its tables and figures, of our results and, beside them, of the paper."""

from .page import write_report

__all__ = ["write_report"]
