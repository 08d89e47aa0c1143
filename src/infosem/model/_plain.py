"""Conversion of the attributes of a model to plain data (containers, numbers, text and tensors), and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from infosem.data._counts import LogNormalisation
from infosem.data._expression import ExpressionSummary
from infosem.data._moments import Standardisation
from infosem.data._settings import Settings, registered, require_registered
from infosem.scores import EdgeFacts
from infosem.statistics._group_deviations import GroupNetworks
from infosem.statistics._group_effects import States
from infosem.statistics._group_prior import GroupPrior

_KIND = "infosem:kind"
"""Key that marks mappings which represent another type."""

_RECORDS = {
    record.__name__: record
    for record in (
        EdgeFacts,
        ExpressionSummary,
        GroupNetworks,
        GroupPrior,
        LogNormalisation,
        Standardisation,
        States,
    )
}


def to_plain(value: Any, name: str = "value") -> Any:
    """Convert ``value`` to types that ``torch.load(weights_only=True)`` reads.

    Parameters
    ----------
    value
        Value to convert.
    name
        Name of the value in error messages.

    Raises
    ------
    TypeError
        If the value contains an object that cannot be restored.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, np.generic):
        return {_KIND: "scalar", "array": to_plain(np.asarray(value), name)}
    if isinstance(value, np.ndarray):
        return _array(value, name)
    if isinstance(value, pd.DataFrame):
        return {
            _KIND: "table",
            "index": to_plain(value.index.to_numpy(), name),
            "index_name": to_plain(value.index.name, name),
            "columns": [to_plain(column, name) for column in value.columns],
            "values": [to_plain(value.iloc[:, at].to_numpy(), name) for at in range(value.shape[1])],
        }
    if type(value) in _RECORDS.values():
        entries = {field.name: getattr(value, field.name) for field in fields(value)}
        return {_KIND: "record", "name": type(value).__name__, "entries": to_plain(entries, name)}
    if isinstance(value, Settings):
        require_registered(value)
        entries = {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]
        return {_KIND: "settings", "name": type(value).__name__, "entries": to_plain(entries, name)}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value) and _KIND not in value:
        return {str(key): to_plain(entry, f"{name}[{key!r}]") for key, entry in value.items()}
    if isinstance(value, list):
        return [to_plain(entry, name) for entry in value]
    if isinstance(value, tuple):
        return tuple(to_plain(entry, name) for entry in value)
    raise TypeError(
        f"{name} is a {type(value).__name__}, which cannot be saved: a saved model holds numbers, text, arrays and "
        "tables."
    )


def from_plain(value: Any) -> Any:
    """Restore the value that :func:`to_plain` converted. Mappings become dictionaries."""
    if isinstance(value, list | tuple):
        return type(value)(from_plain(entry) for entry in value)
    if not isinstance(value, dict):
        return value
    if _KIND not in value:
        return {key: from_plain(entry) for key, entry in value.items()}
    return _FROM_PLAIN[value[_KIND]](value)


def _array(value: np.ndarray, name: str) -> dict[str, Any]:
    if value.dtype.kind in "OU":
        entries = [to_plain(entry, name) for entry in value.ravel().tolist()]
        return {_KIND: "array of objects", "dtype": value.dtype.str, "shape": list(value.shape), "entries": entries}
    # a copy in the native byte order, which torch needs
    return {_KIND: "array", "values": torch.as_tensor(np.array(value, dtype=value.dtype.newbyteorder("=")))}


def _array_of_objects(plain: dict[str, Any]) -> np.ndarray:
    array = np.empty(len(plain["entries"]), dtype=np.dtype(plain["dtype"]))
    for at, entry in enumerate(plain["entries"]):
        array[at] = from_plain(entry)
    return array.reshape(plain["shape"])


def _table(plain: dict[str, Any]) -> pd.DataFrame:
    index = pd.Index(from_plain(plain["index"]), name=plain["index_name"])
    columns = [pd.Series(from_plain(values), index=index) for values in plain["values"]]
    table = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
    return table.set_axis(plain["columns"], axis=1)


_FROM_PLAIN = {
    "array": lambda plain: plain["values"].numpy(),
    "array of objects": _array_of_objects,
    "record": lambda plain: _RECORDS[plain["name"]](**from_plain(plain["entries"])),
    "settings": lambda plain: registered(plain["name"])(**from_plain(plain["entries"])),
    "scalar": lambda plain: from_plain(plain["array"])[()],
    "table": _table,
}
