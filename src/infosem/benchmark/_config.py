"""Benchmark configurations in TOML files."""

from __future__ import annotations

import os
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from infosem.benchmark._dataset import Dataset
from infosem.benchmark._grid import Entry, Grid
from infosem.benchmark._simulated import SIMULATORS, TRUTH, Simulated
from infosem.benchmark._typed import as_type
from infosem.benchmark.methods import METHODS
from infosem.data import _keys

_ENTRY = {field.name for field in fields(Entry)} - {"method"}


def read_config(path: Path | str, *, data: Path | str | None = None) -> Grid:
    """Read a grid from a TOML file.

    A table ``[[datasets]]`` has the keys ``name``, ``path`` (of the h5ad file), ``networks`` (keys of ``varp``),
    ``regulator_key``, ``all_regulate``, ``signed``, ``descriptions`` and ``texts``. For simulated data it has ``name``
    and the arguments of a simulator including a seed, ``simulate = {...}`` or ``sergio = {...}``. A table
    ``[[methods]]`` has the keys ``method`` (a name in :data:`infosem.benchmark.methods.METHODS`), ``name``, the
    hyper-parameters of the method, the conditions of :class:`~infosem.benchmark.Entry`, and ``variants.<network>`` with
    hyper-parameters for single networks. The top-level keys are ``n_splits``, ``splits`` and ``seeds``.

    Parameters
    ----------
    path
        Path of the TOML file.
    data
        Folder to which paths of data sets are relative. By default the environment variable ``INFOSEM_DATA``, or else
        the folder of the file.

    Raises
    ------
    FileNotFoundError
        If the file or a data set does not exist.
    ValueError
        If the file is not TOML, a name is unknown (the message lists the known names), or a data set does not have
        exactly one source.
    TypeError
        If a value has the wrong type for its key, such as text instead of a list or ``true``.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:  # invalid TOML or invalid encoding
        raise ValueError(f"{path} is not a TOML file in UTF-8: {error}.") from error
    _check("the configuration", config, {"datasets", "methods", "n_splits", "splits", "seeds"})
    for table in ("datasets", "methods"):
        if not config.get(table):
            raise ValueError(f"{path} has no [[{table}]].")
        if not isinstance(config[table], list) or not all(isinstance(part, dict) for part in config[table]):
            raise TypeError(f"{table} of {path} must be tables, each headed by [[{table}]].")
    folder = Path(data or os.environ.get("INFOSEM_DATA") or path.parent)
    return Grid(
        datasets=tuple(_dataset(table, folder) for table in config["datasets"]),
        entries=tuple(_entry(table) for table in config["methods"]),
        **{key: config[key] for key in ("n_splits", "splits", "seeds") if key in config},
    )


def _dataset(table: dict[str, Any], folder: Path) -> Dataset:
    sources = [key for key in ("path", *SIMULATORS) if key in table]
    if len(sources) != 1:
        raise ValueError(
            f"the data set {table.get('name', '')!r} has {' and '.join(sources) or 'no source'}; expected one of path, "
            f"{', '.join(SIMULATORS)}."
        )
    return _from_file(table, folder) if sources == ["path"] else _simulated(table, sources[0])


def _simulated(table: dict[str, Any], simulator: str) -> Dataset:
    _check("a simulated data set", table, {"name", simulator}, {"name"})
    return Dataset(
        name=table["name"],
        source=Simulated(simulator=simulator, options=table[simulator]),
        networks={TRUTH: TRUTH},
        regulator_key=_keys.IS_REGULATOR,
        signed=True,
    )


def _from_file(table: dict[str, Any], folder: Path) -> Dataset:
    optional = {"regulator_key", "all_regulate", "signed", "descriptions", "texts"}
    needed = {"path", "networks"}
    name = table.get("name", table.get("path"))
    _check(f"the data set {name!r}", table, {"name", *needed, *optional}, needed)
    paths = {
        key: folder / as_type(table[key], str, key, owner=f"the data set {name!r}")
        for key in ("path", "descriptions", "texts")
        if key in table
    }
    networks = as_type(table["networks"], tuple[str, ...], "networks", owner=f"the data set {name!r}")
    source = paths.pop("path")
    missing = [path for path in (source, *paths.values()) if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"There is no file {missing[0]}. Paths are relative to --data, to the folder in INFOSEM_DATA, or "
            "to the configuration."
        )
    return Dataset(
        name=table.get("name", source.stem),
        source=source,
        networks={key: key for key in networks},
        **{key: table[key] for key in ("regulator_key", "all_regulate", "signed") if key in table},
        **paths,
    )


def _entry(table: dict[str, Any]) -> Entry:
    table = dict(table)
    name = table.pop("method", None)
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(f"method = {name!r} is not known; there are {', '.join(METHODS)}.")
    method: Any = METHODS[name]
    parameters = {field.name for field in fields(method)}
    _check(f"the method {name}", table, parameters | _ENTRY)
    return Entry(
        method=method(**{key: value for key, value in table.items() if key in parameters}),
        **{key: value for key, value in table.items() if key in _ENTRY},
    )


def _check(what: str, table: dict[str, Any], known: set[str], needed: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(
            f"{what} has unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known)) or 'none'}."
        )
    missing = sorted(needed - set(table))
    if missing:
        raise ValueError(f"{what} lacks {', '.join(missing)}.")
