"""Safe reading of pickles: containers, numbers, text and arrays, but nothing that could run code."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

_SIMPLE_TYPE = re.compile(r"[biuf][1248]|f16|b1|O8?|[SU]\d+")
_IN_ORDER = re.compile(r"[<>=|]")


def read_pickle(file: BinaryIO, name: str) -> Any:
    """Read the containers, numbers, text and arrays in a pickle.

    Parameters
    ----------
    file
        Pickle file.
    name
        Name of the file, for messages.

    Raises
    ------
    ValueError
        If the pickle holds anything else, which is named but not created, or if the file is damaged or not a pickle.
    """
    try:
        # numpy recommends this encoding for its arrays in pickles of Python 2
        return _Unpickler(file, encoding="latin1").load()
    except _Refused as refused:
        reader = "joblib.load(path)" if str(refused).startswith("joblib.") else "pandas.read_pickle(path)"
        raise ValueError(
            f"{name} holds {refused}, and infosem reads a pickle only if it is made of dictionaries, lists, numbers, "
            "text and numpy arrays: any other object can run code. If you trust where it comes from, open it yourself "
            f"and pass what is in it: {reader}."
        ) from None
    except Exception as error:  # malicious bytes may raise anything
        raise ValueError(f"{name} is not a pickle, or is damaged ({type(error).__name__}: {error}).") from error


class _Refused(pickle.UnpicklingError):
    """Content of a pickle that is not admitted."""


class _Made:
    """Immutable callable that replaces a name in a pickle."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _Refused("attributes of a function")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _Refused(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused(f"the reference {pid!r} to something outside of it")


class _Type:
    """Numpy dtype of numbers or text. Any other state that unpickling may set is refused."""

    __slots__ = ("dtype",)

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if not (isinstance(code, str) and _SIMPLE_TYPE.fullmatch(code)):
            raise _Refused(f"an array of the type {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order, parts = state[1], state[2:5]
        if not _IN_ORDER.fullmatch(order) or any(part is not None for part in parts):
            raise _Refused("an array of a type with parts")
        self.dtype = self.dtype.newbyteorder(order)


class _Array(np.ndarray):
    """Numpy array that accepts content only with a :class:`_Type`."""

    __slots__ = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:  # type: ignore[override]
        _, shape, of, in_fortran_order, content = state
        kind = list if of.dtype.hasobject else bytes
        # bytes of Python 2 are unpickled as text
        content = content.encode("latin1") if kind is bytes and isinstance(content, str) else content
        if not isinstance(content, kind):
            raise _Refused(f"an array whose content is a {type(content).__name__}")
        # numpy trusts the shape and would read beyond the end of a short list
        n_entries = len(content) if kind is list else len(content) // max(1, of.dtype.itemsize)
        if any(type(length) is not int or length < 0 for length in shape) or math.prod(shape) != n_entries:
            raise ValueError(f"an array of the shape {shape!r} with {n_entries} entries")
        super().__setstate__((1, shape, of.dtype, in_fortran_order, content))


def _name_alone(*_: Any) -> None:
    raise _Refused("an instance of a class that may only be named")


_ORDINARY = _Made(_name_alone)
"""Placeholder of the array class."""


def _new_array(kind: Any, shape: Any, code: Any) -> np.ndarray:
    if kind is not _ORDINARY:
        raise _Refused("an array of another class")
    return np.empty(0).view(_Array)


def _array_of_buffer(buffer: bytes, of: _Type, shape: tuple[int, ...], order: str) -> np.ndarray:
    array = np.frombuffer(buffer, of.dtype).reshape(shape, order=order)  # type: ignore[call-overload]
    return array.view(_Array)


def _scalar(of: _Type, content: bytes) -> Any:
    if of.dtype.hasobject:
        raise _Refused("a number of the type object")
    return np.frombuffer(content.encode("latin1") if isinstance(content, str) else content, of.dtype)[0]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _Refused(f"text in the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Return empty bytes, which old pickle protocols create with this call."""
    return b""


def _dictionary(*entries: Any) -> dict[Any, Any]:
    return dict(*entries)


def _without_factory(_: Any = None) -> dict[Any, Any]:
    """Return a plain dictionary instead of one with a default factory."""
    return {}


_NUMPY: Mapping[str, Callable[..., Any]] = {
    "multiarray._reconstruct": _new_array,
    "multiarray.scalar": _scalar,
    "numeric._frombuffer": _array_of_buffer,
}
_BUILTINS: Mapping[str, Callable[..., Any]] = {
    "set": set,
    "frozenset": frozenset,
    "bytes": _no_bytes,
    **dict.fromkeys(("list", "dict", "tuple", "int", "float", "str"), _name_alone),
}
_ADMITTED: Mapping[tuple[str, str], _Made] = {
    ("numpy", "ndarray"): _ORDINARY,
    ("numpy", "dtype"): _Made(_Type),
    ("_codecs", "encode"): _Made(_encode),
    ("collections", "OrderedDict"): _Made(_dictionary),
    ("collections", "defaultdict"): _Made(_without_factory),
    **{(module, name): _Made(make) for module in ("builtins", "__builtin__") for name, make in _BUILTINS.items()},
    **{
        (f"{package}.{name.partition('.')[0]}", name.partition(".")[2]): _Made(make)
        for package in ("numpy.core", "numpy._core")
        for name, make in _NUMPY.items()
    },
}
