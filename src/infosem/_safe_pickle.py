"""Pickles that are read as data: containers, numbers, text and arrays, and nothing that could run code."""

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
    """The containers, numbers, text and arrays in a pickle.

    Parameters
    ----------
    file
        The pickle.
    name
        What to call it in errors.

    Raises
    ------
    ValueError
        If it holds anything else, which is named and not made; or if it is no pickle, or damaged.
    """
    try:
        # of Python 2 bytes are text, as numpy advises for its arrays
        return _Unpickler(file, encoding="latin1").load()
    except _Refused as refused:
        raise ValueError(
            f"{name} holds {refused}, and infosem reads a pickle only if it is made of dictionaries, lists, numbers, "
            "text and numpy arrays: any other object can run code. If you trust where it comes from, open it yourself "
            "and pass what is in it: pandas.read_pickle(path)."
        ) from None
    except Exception as error:  # of any kind, from bytes that somebody may have chosen
        raise ValueError(f"{name} is no pickle, or a damaged one ({type(error).__name__}: {error}).") from error


_ORDINARY = "numpy.ndarray"
"""What the class stands for here: it cannot be called."""


class _Refused(pickle.UnpicklingError):
    """A name that is not admitted."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _Refused(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused(f"the reference {pid!r} to something outside of it")


class _Type:
    """A numpy dtype of one number or text; what else a dtype can be told at unpickling is refused."""

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
    """A numpy array that takes its content only with a :class:`_Type`."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:  # type: ignore[override]
        _, shape, of, in_fortran_order, content = state
        kind = list if of.dtype.hasobject else bytes
        # text of Python 2
        content = content.encode("latin1") if kind is bytes and isinstance(content, str) else content
        if not isinstance(content, kind):
            raise _Refused(f"an array whose content is a {type(content).__name__}")
        # numpy believes the shape, and reads beyond a list that is too short
        n_entries = len(content) if kind is list else len(content) // max(1, of.dtype.itemsize)
        if any(type(length) is not int or length < 0 for length in shape) or math.prod(shape) != n_entries:
            raise ValueError(f"an array of the shape {shape!r} with {n_entries} entries")
        super().__setstate__((1, shape, of.dtype, in_fortran_order, content))


def _new_array(kind: Any, shape: Any, code: Any) -> np.ndarray:
    if kind is not _ORDINARY:
        raise _Refused("an array of another class")
    return np.empty(0).view(_Array)


def _array_of_buffer(buffer: bytes, of: _Type, shape: tuple[int, ...], order: str) -> np.ndarray:
    return np.frombuffer(buffer, of.dtype).reshape(shape, order=order)  # type: ignore[call-overload]


def _scalar(of: _Type, content: bytes) -> Any:
    if of.dtype.hasobject:
        raise _Refused("a number of the type object")
    return np.frombuffer(content.encode("latin1") if isinstance(content, str) else content, of.dtype)[0]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise _Refused(f"text in the encoding {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """What old protocols have for them."""
    return b""


def _dictionary(*entries: Any) -> dict[Any, Any]:
    return dict(*entries)


_NUMPY: Mapping[str, Any] = {
    "multiarray._reconstruct": _new_array,
    "multiarray.scalar": _scalar,
    "numeric._frombuffer": _array_of_buffer,
}
_BUILTINS: Mapping[str, Callable[..., Any]] = {"set": set, "frozenset": frozenset, "bytes": _no_bytes}
_ADMITTED: Mapping[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _ORDINARY,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): _dictionary,
    **{(module, name): made for module in ("builtins", "__builtin__") for name, made in _BUILTINS.items()},
    **{
        (f"{package}.{name.partition('.')[0]}", name.partition(".")[2]): made
        for package in ("numpy.core", "numpy._core")
        for name, made in _NUMPY.items()
    },
}
