"""What is another run: whatever a method, a data set or a simulation holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from infosem import datasets
from infosem.benchmark import Dataset, Entry, Grid, Labels, Method, compare, methods, run

EDGES = pd.DataFrame({"source": ["a", "b", "c"], "target": ["b", "c", "a"], "weight": [1.0, 2.0, 3.0]})


@dataclass(frozen=True, kw_only=True)
class Holder(Method):
    """Holds anything."""

    value: Any

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        raise NotImplementedError


def of_large_array(at: int) -> np.ndarray:
    array = np.zeros(5000)  # whose repr leaves out the middle
    array[at] = 1
    return array


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (EDGES, EDGES.rename(columns={"source": "target", "target": "source"})),
        (EDGES, EDGES.set_axis(["target", "source", "weight"], axis=1)),
        (EDGES, EDGES.rename(columns={"weight": "score"})),
        (EDGES, EDGES.assign(weight=[1.0, 3.0, 2.0])),
        (EDGES, EDGES.iloc[::-1]),
        (EDGES, EDGES.set_axis(["x", "y", "z"], axis=0)),
        (EDGES, EDGES.assign(weight=EDGES["weight"].astype(str))),
        (of_large_array(2500), of_large_array(2501)),
        (of_large_array(2500), of_large_array(2500)[::-1]),
        (of_large_array(2500), of_large_array(2500).astype(np.float32)),
        (sparse.csr_array(np.eye(50)), sparse.csr_array(2 * np.eye(50))),
        ({"a": of_large_array(1)}, {"a": of_large_array(2)}),
        (("a", of_large_array(1)), ("a", of_large_array(2))),
        (1, "1"),
        (1.0, 1),
        (True, 1),
        (("a",), "a"),
        (None, "None"),
        (0.1, 0.1 + 1e-16),
    ],
)
def test_other_content_is_another_identity(first: Any, second: Any) -> None:
    assert Holder(value=first).identity != Holder(value=second).identity
    for value in (first, second):
        copied = value.copy() if hasattr(value, "copy") else value
        assert Holder(value=value).identity == Holder(value=copied).identity


def test_every_column_of_a_precomputed_network_counts() -> None:
    known = {methods.Precomputed(edges=EDGES).identity}
    for column in EDGES:
        changed = methods.Precomputed(edges=EDGES.assign(**{column: EDGES[column].to_numpy()[::-1]}))
        known.add(changed.identity)
    swapped = methods.Precomputed(edges=EDGES.rename(columns={"source": "target", "target": "source"}))
    known |= {swapped.identity, methods.Precomputed(edges=EDGES, absolute=False).identity}
    assert len(known) == 1 + EDGES.shape[1] + 2


def test_how_a_table_was_made_does_not_count() -> None:
    built = EDGES[["source", "target"]].copy()
    built["weight"] = EDGES["weight"]  # a block of its own in memory
    assert methods.Precomputed(edges=built).identity == methods.Precomputed(edges=EDGES).identity


@pytest.mark.slow
def test_another_process_gives_the_same_identity(tmp_path: Path) -> None:
    code = (
        "import pandas as pd; from infosem.benchmark import methods;"
        "print(methods.Precomputed(edges=pd.read_csv('edges.csv')).identity)"
    )
    EDGES.to_csv(tmp_path / "edges.csv", index=False)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == methods.Precomputed(edges=pd.read_csv(tmp_path / "edges.csv")).identity + "\n"


def test_the_identity_of_plain_hyper_parameters_is_their_repr() -> None:
    # results that were committed are known by it
    for method in (methods.GENELink(), methods.OneHot(n_folds=2), methods.GENIE3(max_features=0.5)):
        assert method.identity == repr(method)


def test_another_network_of_the_same_name_is_scored_anew(tmp_path: Path) -> None:
    adata = datasets.simulate(60, 40, 10, seed=0)
    chip = pd.DataFrame(
        {
            "source": np.repeat(adata.var_names[:10], 8),
            "target": [adata.var_names[10 + (3 * i + j) % 30] for i in range(10) for j in range(8)],
        }
    )
    edges = chip.iloc[::2].assign(weight=np.arange(40.0) + 1)
    swapped = edges.rename(columns={"source": "target", "target": "source"})

    def auprc(table: pd.DataFrame) -> pd.Series:
        mine = methods.Precomputed(edges=table)
        results = compare(adata, [mine, "random"], truth=chip, n_splits=2, output=tmp_path, progress=False)
        return results.loc[results["method"] == "precomputed", "auprc"].dropna().reset_index(drop=True)

    first = auprc(edges)
    assert not auprc(swapped).equals(first)
    assert auprc(edges).equals(first)


def _keys(networks: dict[str, Any], source: Any) -> dict[str, str]:
    dataset = Dataset(name="data", source=source, networks=networks)
    jobs = Grid(datasets=(dataset,), entries=(Entry(method=methods.OneHot()),), n_splits=1).jobs()
    return {job.networks[0]: job.key for job in jobs}


@pytest.mark.parametrize("in_file", [True, False])
def test_where_a_network_comes_from_counts(in_file: bool, tmp_path: Path) -> None:
    adata = datasets.simulate(30, 20, 5, seed=0)
    adata.varp["one"], adata.varp["two"] = np.eye(20), np.ones((20, 20))
    adata.write_h5ad(tmp_path / "data.h5ad")
    source = tmp_path / "data.h5ad" if in_file else adata
    table = pd.DataFrame({"source": ["a"], "target": ["b"]})
    other = pd.DataFrame({"source": ["b"], "target": ["a"]})
    swaps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"chip": "one"}, {"chip": "two"}),
        ({"a": "one", "b": "two"}, {"a": "two", "b": "one"}),
        ({"a": table, "b": other}, {"b": table, "a": other}),
        ({"a": table}, {"a": other}),
    ]
    for first, second in swaps:
        before, after = _keys(first, source), _keys(second, source)
        assert all(before[name] != after[name] for name in before)


@pytest.mark.parametrize(
    "make",
    [
        lambda value: methods.Ridge(penalty=value).identity,
        lambda value: Entry(method=methods.Pearson(), cells=value / 2).cells,
    ],
)
def test_a_number_is_the_same_whatever_its_class(make: Callable[[Any], Any]) -> None:
    assert len({str(make(value)) for value in (1, 1.0, np.float64(1), np.float32(1), np.int64(1))}) == 1


def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "data.h5ad"
    auprc, keys = [], set()
    for seed in (0, 1):
        datasets.simulate(60, 20, 5, seed=seed).write_h5ad(path)
        dataset = Dataset(name="data", source=path, networks={"truth": "truth"}, signed=True)
        grid = Grid(datasets=(dataset,), entries=(Entry(method=methods.Pearson()),), splits=("whole_network",))
        results = run(grid, output=tmp_path / "out", progress=False)
        auprc += results["auprc"].tolist()
        keys |= set(results["job"])
        expected = compare(
            datasets.simulate(60, 20, 5, seed=seed), "pearson", splits=["whole_network"], progress=False,
            truth=pd.DataFrame(_edges(datasets.simulate(60, 20, 5, seed=seed)), columns=["source", "target"]),
        )  # fmt: skip
        assert results["auprc"].tolist() == expected["auprc"].tolist()
    assert len(set(auprc)) == len(keys) == 2


def _edges(adata: AnnData) -> list[tuple[str, str]]:
    source, target = adata.varp["truth"].nonzero()
    return list(zip(adata.var_names[source], adata.var_names[target], strict=True))
