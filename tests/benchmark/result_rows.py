"""A row of results, and names that look like numbers or tear a table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from infosem.benchmark._results_file import typed

NAMES = ["NA", "None", "nan", "null", "", "True", "1e5", "10", "010", "1_0", "0x1", "inf", "-", "=1+1", "a,b", 'q"q"',
         "'", "x/y", "..", "µ-cells", "両", " lead", "$\\foo$", "|p|", "%2F", "n" * 300]  # fmt: skip


def rows(**values: Any) -> pd.DataFrame:
    row = {"dataset": "d", "network": "n", "method": "m", "split_kind": "unseen_genes", "split": 0, "seed": 0,
           "cells": 1.0, "balanced": False, "block": "train", "status": "ok", "job": "j"}  # fmt: skip
    return typed(pd.DataFrame([{**row, **values}]))
