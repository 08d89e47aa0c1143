"""A value of another type than its field is refused by the field's name, in Python as in a file."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from infosem import datasets
from infosem.benchmark import (
    METHODS,
    Dataset,
    Entry,
    Grid,
    Labels,
    Method,
    Simulated,
    compare,
    methods,
    read_config,
    run,
)
from infosem.benchmark._typed import as_type

from .runs import TINY

WRONG = {
    bool: ["false", "true", 0, 1, None, [True]],
    int: ["3", 2.0, 2.5, True, None, [1], np.float64(2), float("nan")],
    float: ["0.5", True, None, [0.5], 1j],
    str: [3, True, None, ["a"], b"a", Path("a")],
    tuple[str, ...]: ["chip", "", 3, None, [1], ["a", None], {"a": 1}, {"a"}],
    tuple[int, ...]: ["12", 3, ["1"], [1.0], [True]],
    tuple[int, int]: [(1,), (1, 2, 3), "12"],
    Literal["a", "b"]: ["c", 1, None, ["a"]],
    Path: [3, None, ["a"]],
    int | None: ["3", 2.0, True],
    str | tuple[str, ...]: [3, None, [1], True],
    Literal["sqrt"] | float: ["sqrtt", None, True],
}
RIGHT: list[tuple[Any, list[tuple[Any, Any]]]] = [
    (bool, [(True, True), (np.True_, True), (np.bool_(False), False)]),
    (int, [(3, 3), (np.int32(3), 3), (np.uint8(3), 3)]),
    (float, [(0.5, 0.5), (1, 1.0), (np.float32(0.5), 0.5), (np.int64(2), 2.0)]),
    (str, [("a", "a"), (np.str_("a"), "a")]),
    (tuple[str, ...], [(["a"], ("a",)), (("a", "b"), ("a", "b")), (np.array(["a"]), ("a",)), ([], ())]),
    (tuple[int, ...], [(range(2), (0, 1)), (np.arange(2), (0, 1))]),
    (tuple[float, ...], [([1, 0.5], (1.0, 0.5))]),
    (Path, [("a", Path("a")), (Path("a"), Path("a"))]),
    (int | None, [(None, None), (3, 3)]),
    (str | tuple[str, ...], [("ab", "ab"), (["ab"], ("ab",))]),
    (Literal["sqrt"] | float, [("sqrt", "sqrt"), (1, 1.0)]),
]


@pytest.mark.parametrize(("annotation", "value"), [(kind, value) for kind, values in WRONG.items() for value in values])
def test_another_type_is_refused_with_the_name(annotation: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=r"^field=.* of the owner must be "):
        as_type(value, annotation, "field", owner="the owner")


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [(kind, value, expected) for kind, pairs in RIGHT for value, expected in pairs],
)
def test_what_is_as_good_is_converted(annotation: Any, value: Any, expected: Any) -> None:
    converted = as_type(value, annotation, "field")
    assert converted == expected
    assert repr(converted) == repr(expected)  # the type as well


HYPER_PARAMETERS = [(name, field.name) for name, cls in METHODS.items() for field in fields(cls)]


@pytest.mark.parametrize(("method", "name"), HYPER_PARAMETERS)
def test_every_hyper_parameter_is_checked(method: str, name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}=.* of the method"):
        METHODS[method](**{name: object()})


@pytest.mark.parametrize("cls", [Entry, Grid, Dataset, Simulated])
def test_every_field_of_what_a_benchmark_is_made_of_is_checked(cls: type) -> None:
    adata = datasets.simulate(30, 20, 5, seed=0)
    good: dict[str, Any] = {
        "method": methods.Pearson(), "datasets": (), "entries": (), "name": "x", "source": adata,
        "networks": {"truth": "truth"}, "simulator": "simulate",
    }  # fmt: skip
    needed = {f.name: good[f.name] for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    assert fields(cls)
    for field in fields(cls):
        with pytest.raises(TypeError, match=rf"^{field.name}="):
            cls(**{**needed, field.name: object()})


@dataclass(frozen=True, kw_only=True)
class Foreign(Method):
    """Somebody's class: annotations that are no types, cannot be looked up, or do not hold."""

    loose: NotThere = 3  # type: ignore[name-defined]  # noqa: F821
    sloppy: str = None  # type: ignore[assignment]
    anything: Any = None
    share: float = 0.5

    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        raise NotImplementedError


def test_a_class_of_somebody_else_is_checked_as_far_as_it_says() -> None:
    method = Foreign(loose="x", anything=object(), share=1)
    assert method.share == 1.0
    assert method.sloppy is None
    with pytest.raises(TypeError, match="share='1' of the method Foreign must be a number, without quotes"):
        Foreign(share="1")


CONFIG = (
    TINY
    + """[[methods]]
method = "one_hot"
inverse_penalties = [0.01]
variants.chip = { n_folds = 2 }
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    adata = datasets.simulate(60, 40, 10, seed=0)
    adata.varp["chip"] = np.zeros((40, 40))
    adata.varp["chip"][:10] = np.random.default_rng(0).random((10, 40)) < 0.3
    adata.write_h5ad(tmp_path / "tiny.h5ad")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["chip"]', '"chip"', r"networks='chip' of the data set 'tiny' must be a list.*networks = \['chip'\]"),
        ('["chip"]', "[1]", "networks="),
        ('["chip"]', "[]", "has no network"),
        ('"tiny"', "10", 'name=10 .* in quotes: name = "10"'),
        ('"tiny"', '""', "is not a valid name of a data set"),
        ('"tiny"', '"a\\nb"', "is not a valid name of a data set"),
        ('"tiny.h5ad"', "3", "path=3"),
        ('"is_regulator"', "true", "regulator_key=True"),
        ('regulator_key = "is_regulator"', 'all_regulate = "false"', "all_regulate='false' .*without quotes"),
        ('regulator_key = "is_regulator"', 'signed = "true"', "signed='true' .*without quotes"),
        ('regulator_key = "is_regulator"', "signd = true", "unknown keys signd"),
        ('"is_regulator"', '"is_regulator"\nall_regulate = true', "one of the two"),
        ("n_splits = 2", "n_splits = 2.0", "n_splits=2.0 .*: n_splits = 2"),
        ("n_splits = 2", "n_splits = true", "n_splits=True"),
        ("n_splits = 2", 'n_splits = "2"', "n_splits='2' .* without quotes"),
        ("n_splits = 2", "n_splits = -1", "n_splits=-1"),
        ("n_splits = 2", "n_split = 2", "unknown keys n_split"),
        ("n_splits = 2", 'splits = "unseen_genes"', r"splits = \['unseen_genes'\]"),
        ("n_splits = 2", 'splits = ["unseen_genes", "unseen_genes"]', "distinct values"),
        ("n_splits = 2", "splits = []", "one or more distinct"),
        ("n_splits = 2", "seeds = 0", "seeds=0"),
        ("n_splits = 2", "seeds = [-1]", "must not be negative"),
        ("n_splits = 2", "seeds = [0, 0]", "distinct values"),
        ("n_splits = 2", "seeds = [0.5]", "seeds="),
        ("[0.01]", "0.01", "inverse_penalties=0.01"),
        ("[0.01]", '["0.01"]', "inverse_penalties="),
        ("[0.01]", '[0.01]\nbalanced = "false"', "balanced='false' .*True or False, without quotes"),
        ("[0.01]", "[0.01]\nkeep_scores = 1", "keep_scores=1"),
        ("[0.01]", '[0.01]\ncells = "1"', "cells='1'"),
        ("[0.01]", "[0.01]\ncells = nan", "cells=nan"),
        ("[0.01]", "[0.01]\ncells = 0", "cells=0.0"),
        ("[0.01]", "[0.01]\nn_splits = 0", "n_splits=0"),
        ("[0.01]", '[0.01]\ndatasets = "tiny"', r"datasets = \['tiny'\]"),
        ("[0.01]", "[0.01]\ndatasets = []", "nothing would run"),
        ("[0.01]", '[0.01]\nnetworks = "chip"', r"networks = \['chip'\]"),
        ("[0.01]", '[0.01]\nsplits = ["per_regulator"]', "would not run: its splits are per_regulator"),
        ("[0.01]", "[0.01]\nname = 3", 'name = "3"'),
        ("[0.01]", '[0.01]\nname = "a\\tb"', "is not a valid name of a method"),
        ("{ n_folds = 2 }", '{ n_folds = "2" }', "n_folds='2'"),
        ("{ n_folds = 2 }", "3", "variants="),
        ("{ n_folds = 2 }", "{ fold = 2 }", "unknown keys fold"),
        ('method = "one_hot"', "method = 3", "method = 3 is not known"),
        ('method = "one_hot"', 'method = ["one_hot"]', "is not known"),
        ("[[datasets]]", "[datasets]", r"headed by \[\[datasets\]\]"),
        ("n_splits = 2", "n_splits = ", "is not a TOML file"),
    ],
)
def test_a_wrong_value_of_a_file_is_refused_by_its_name(old: str, new: str, message: str, folder: Path) -> None:
    assert CONFIG.count(old) >= 1
    (folder / "c.toml").write_text(CONFIG.replace(old, new))
    with pytest.raises((TypeError, ValueError), match=message):
        read_config(folder / "c.toml", data=folder)


@pytest.mark.parametrize("arguments", ["n_cells = '50'", "n_cell = 50", "n_cells = 50.0", "density = true"])
def test_a_wrong_argument_of_a_simulator_is_refused_by_its_name(arguments: str, tmp_path: Path) -> None:
    text = f'[[datasets]]\nname = "drawn"\nsimulate = {{ seed = 0, {arguments} }}\n[[methods]]\nmethod = "random"\n'
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises((TypeError, ValueError), match=arguments.partition(" ")[0]):
        read_config(tmp_path / "c.toml")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(folder: Path) -> None:
    (folder / "c.toml").write_bytes(b"\xef\xbb\xbf" + CONFIG.replace("\n", "\r\n").encode())
    assert read_config(folder / "c.toml", data=folder).n_splits == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_jobs": 0}, "n_jobs=0"),
        ({"n_jobs": "2"}, "n_jobs='2'"),
        ({"n_jobs": True}, "n_jobs=True"),
        ({"n_jobs": 1.5}, "n_jobs=1.5"),
        ({"budget_hours": float("nan")}, "budget_hours=nan"),
        ({"budget_hours": float("inf")}, "budget_hours=inf"),
        ({"budget_hours": 0}, "budget_hours=0"),
        ({"budget_hours": -1.0}, "budget_hours=-1"),
        ({"budget_hours": "8"}, "budget_hours='8'"),
        ({"retry_failed": "no"}, "retry_failed='no'"),
        ({"only": lambda _: False}, "None of the grid's 1 jobs is selected"),
    ],
)
def test_a_wrong_argument_of_a_run_is_refused_before_the_first_fit(
    options: dict[str, Any], message: str, folder: Path
) -> None:
    dataset = Dataset(name="data", source=folder / "tiny.h5ad", networks={"chip": "chip"})
    grid = Grid(datasets=(dataset,), entries=(Entry(method=methods.Pearson()),))
    with pytest.raises((TypeError, ValueError), match=message):
        run(grid, output=folder / "out", progress=False, **options)
    assert not (folder / "out").exists()


def test_wrong_arguments_of_compare_name_the_call_that_mends_them(cells: AnnData) -> None:
    table = pd.DataFrame({"source": ["a"], "target": ["b"]})
    for options, message in (
        ({"splits": "unseen_genes"}, r"splits = \['unseen_genes'\]"),
        ({"n_splits": 2.0}, "n_splits = 2"),
        ({"truth": 3}, "truth=3 must be a key"),
        ({"truth": []}, "has no network"),
        ({"truth": {1: table}}, "networks="),
        ({"methods": []}, "None of the grid's 0 jobs"),
        ({"regulator_key": 3}, "regulator_key=3"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            compare(cells, **{"methods": "random", "truth": "truth", "progress": False, **options})
