"""Benchmark of network inference methods on unseen genes and unseen interactions."""

from infosem.benchmark import methods
from infosem.benchmark._config import read_config
from infosem.benchmark._dataset import Dataset
from infosem.benchmark._grid import Entry, Grid, Job, describe_splits
from infosem.benchmark._method import Labels, Method, MissingInputError
from infosem.benchmark._metrics import block_metrics, expected_average_precision
from infosem.benchmark._paired import paired_differences
from infosem.benchmark._results_file import read_results
from infosem.benchmark._runner import compare, run
from infosem.benchmark._selection import select_by_training
from infosem.benchmark._simulated import Simulated
from infosem.benchmark._splits import Split, split_per_regulator, split_unseen_genes, split_whole_network
from infosem.benchmark._summary import summary
from infosem.benchmark._truth import Truth, read_truth
from infosem.benchmark.methods import METHODS

__all__ = [
    "METHODS",
    "Dataset",
    "Entry",
    "Grid",
    "Job",
    "Labels",
    "Method",
    "MissingInputError",
    "Simulated",
    "Split",
    "Truth",
    "block_metrics",
    "compare",
    "describe_splits",
    "expected_average_precision",
    "methods",
    "paired_differences",
    "read_config",
    "read_results",
    "read_truth",
    "run",
    "select_by_training",
    "split_per_regulator",
    "split_unseen_genes",
    "split_whole_network",
    "summary",
]
