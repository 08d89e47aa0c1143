"""Reading the file of results: odd names, cuts and tears at any place, and files of an older version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infosem.benchmark import read_results
from infosem.benchmark._results_file import COLUMNS, as_csv

from .result_rows import NAMES, rows

text = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=0, max_size=12) | st.sampled_from(NAMES)
number = st.floats(allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(
    names=st.tuples(text, text, text, text), cells=st.floats(0, 1, exclude_min=True), auprc=number,
    balanced=st.booleans(), n_pairs=st.none() | st.integers(0, 10**9),
    reason=st.none() | st.text(max_size=40), seed=st.integers(0, 2**40),
)  # fmt: skip
def test_what_is_written_is_read_again(
    names: tuple[str, ...], cells: float, auprc: float, balanced: bool, n_pairs: int | None, reason: str | None,
    seed: int, tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    dataset, network, method, job = names
    table = rows(
        dataset=dataset, network=network, method=method, job=job, cells=cells, auprc=auprc, balanced=balanced,
        n_pairs=n_pairs, reason=reason, seed=seed,
    )  # fmt: skip
    table.loc[table["reason"] == "", "reason"] = np.nan
    path = tmp_path_factory.mktemp("r") / "results.csv"
    path.write_bytes(as_csv(table, header=True))
    pd.testing.assert_frame_equal(read_results(path), table, check_exact=True)
    assert path.read_bytes().count(b"\n") == 2  # a record is a line


def test_every_cut_leaves_what_is_complete(tmp_path: Path) -> None:
    reasons = ['quoted "reason", with a comma', np.nan, "µ letters of two bytes µ"]
    table = pd.concat([rows(split=i, reason=reason, job=f"job{i}") for i, reason in enumerate(reasons)])
    whole = as_csv(table, header=True)
    path = tmp_path / "results.csv"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        n_complete = max(0, whole[:cut].count(b"\n") - 1)
        assert read_results(path)["split"].tolist() == list(range(n_complete))


def older_file() -> bytes:
    """As an earlier version wrote it: reasons over several lines, and a column less."""
    columns = [name for name in COLUMNS if name != "mean_regulator_ratio"]
    table = pd.concat([rows(split=i, reason="x", job=f"job{i}") for i in range(4)])
    table["reason"] = ["a\nb,c\n\nd", "x", 'say "no"\nagain', "µ\nx"]
    return table[columns].to_csv(index=False, float_format="%.5g", lineterminator="\n").encode()


def test_every_cut_of_an_older_file_leaves_what_is_complete(tmp_path: Path) -> None:
    whole = older_file()
    path = tmp_path / "results.csv"
    path.write_bytes(whole)
    assert read_results(path)["reason"].tolist() == ["a b,c d", "x", 'say "no" again', "µ x"]
    ends = [whole.index(f"job{i}\n".encode()) + 5 for i in range(4)]
    for cut in range(whole.index(b"\n") + 1, len(whole) + 1):
        path.write_bytes(whole[:cut])
        assert read_results(path)["split"].tolist() == list(range(sum(cut >= end for end in ends)))


def test_a_tear_in_the_middle_costs_one_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # as when parts of an array of jobs are joined, of which one was killed
    header, *records = older_file().split(b"\nd,")
    for torn in range(2, len(records[0])):
        joined = b"\nd,".join([header, records[0][:torn], *records[1:]])
        (tmp_path / "results.csv").write_bytes(joined)
        assert read_results(tmp_path / "results.csv")["split"].tolist()[-3:] == [1, 2, 3]
    assert "incomplete lines" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw + raw.partition(b"\n")[2],  # two commands in one folder
        lambda raw: raw + raw,  # cat parts/*/results.csv
        lambda raw: raw.replace(b",False,", b",FALSE,"),
        lambda raw: raw.replace(b",1.0,", b",1,"),
    ],
)
def test_another_way_of_writing_the_same_is_read_the_same(change: Any, tmp_path: Path) -> None:
    table = pd.concat([rows(split=i, reason="x, y", job=f"job{i}") for i in range(3)], ignore_index=True)
    (tmp_path / "results.csv").write_bytes(change(as_csv(table, header=True)))
    pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv"), table)
