"""Validation of values against type annotations, with errors that name the mistake."""

from __future__ import annotations

import dataclasses
import inspect
import numbers
import os
import reprlib
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np


def check_fields(instance: Any, *, owner: str) -> None:
    """Check each field of a frozen dataclass and convert it to the type of its annotation.

    If the annotation requires it, numpy scalars are converted to Python scalars, integers to floats, lists to tuples
    and strings to paths. Fields with other annotations or with their default value are left unchanged.

    Parameters
    ----------
    instance
        The dataclass. Call this function in its ``__post_init__``.
    owner
        Name of the instance, for messages.

    Raises
    ------
    TypeError
        If a value has the wrong type. The message names the field, its value, the expected type, and how to write it.
    """
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        if value is not field.default:
            checked = as_type(value, _annotation(type(instance), field.name), field.name, owner=owner)
            object.__setattr__(instance, field.name, checked)


def as_type(value: Any, annotation: Any, name: str, *, owner: str = "") -> Any:
    """Check a value and convert it to the annotated type. See :func:`check_fields`.

    Parameters
    ----------
    value
        Value to check.
    annotation
        ``bool``, ``int``, ``float``, ``str``, ``Path``, another class, ``None``, ``tuple[...]``, ``Mapping[...]``,
        ``Literal[...]``, or a union of them.
    name, owner
        Names of the argument and of its owner, for messages.
    """
    try:
        return _converted(value, annotation)
    except _MismatchError:
        of = f" of {owner}" if owner else ""
        raise TypeError(
            f"{name}={_shown(value)}{of} must be {_expected(annotation)}{_mend(value, annotation, name)}."
        ) from None


def check_name(name: str, what: str) -> None:
    """Raise if a name cannot be printed on one line of a table.

    Parameters
    ----------
    name
        Name given by a user, already validated as text.
    what
        Kind of object that it names, for messages.
    """
    if not name.strip() or not name.isprintable():
        raise ValueError(f"{name!r} is not a valid name of {what}: use printable characters on a single line.")


class _MismatchError(Exception):
    """A value does not have the annotated type."""


def _converted(value: Any, annotation: Any) -> Any:
    origin: Any = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _any_of(value, get_args(annotation))
    if origin is Literal:
        return _one_of(value, get_args(annotation))
    if origin is tuple:
        return _tuple(value, get_args(annotation))
    if origin in (list, Sequence, Iterable):
        _must(not isinstance(value, str))
        return value
    if origin in (dict, Mapping):
        _must(isinstance(value, Mapping))
        of_key, of_value = get_args(annotation)
        return {_converted(key, of_key): _converted(item, of_value) for key, item in value.items()}
    if annotation in (None, type(None)):
        _must(value is None)
        return value
    return _scalar(value, annotation)


def _scalar(value: Any, annotation: Any) -> Any:
    if annotation is bool:
        _must(isinstance(value, bool | np.bool_))
        return bool(value)
    if annotation in (int, float):
        kind = numbers.Integral if annotation is int else numbers.Real
        _must(isinstance(value, kind) and not isinstance(value, bool | np.bool_))
        return annotation(value)
    if annotation is str:
        _must(isinstance(value, str))
        return str.__str__(value)  # a plain str, because subclasses may have another repr
    if annotation is Path:
        _must(isinstance(value, str | os.PathLike))
        return Path(value)
    if isinstance(annotation, type) and annotation is not Any and not getattr(annotation, "_is_protocol", False):
        _must(isinstance(value, annotation))
    return value


def _any_of(value: Any, annotations: tuple[Any, ...]) -> Any:
    exact = [kind for kind in annotations if isinstance(kind, type) and type(value) is kind]
    for annotation in [*exact, *annotations]:
        try:
            return _converted(value, annotation)
        except _MismatchError:
            continue
    raise _MismatchError


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if isinstance(value, type(choice)) and value == choice:
            return choice
    raise _MismatchError


def _tuple(value: Any, annotations: tuple[Any, ...]) -> tuple[Any, ...]:
    _must(isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes))
    if annotations[-1] is Ellipsis:
        annotations = annotations[:1] * len(value)
    _must(len(value) == len(annotations))
    return tuple(_converted(item, kind) for item, kind in zip(value, annotations, strict=True))


def _must(holds: bool) -> None:
    if not holds:
        raise _MismatchError


_WORDS = {
    bool: "True or False", int: "a whole number", float: "a number", str: "a text", Path: "a path",
    None: "None", type(None): "None",
}  # fmt: skip


def _expected(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_expected, parts))
    if origin is Literal:
        return f"{'one of ' if len(parts) > 1 else ''}{', '.join(map(repr, parts))}"
    if origin is tuple and parts[-1] is Ellipsis:
        return f"a list, each {_expected(parts[0])}"
    if origin is tuple:
        return f"a list of {len(parts)}: {', '.join(map(_expected, parts))}"
    if origin in (dict, Mapping):
        return "a mapping of names" if parts[1] is Any else f"a mapping of names, each to {_expected(parts[1])}"
    return _WORDS.get(annotation) or f"a {getattr(annotation, '__name__', annotation)}"


def _mend(value: Any, annotation: Any, name: str) -> str:
    kinds = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    if isinstance(value, str) and any(get_origin(kind) in (tuple, list, Sequence) for kind in kinds):
        return f": {name} = [{value!r}]"
    if isinstance(value, str) and {bool, int, float} & set(kinds):
        return ", without quotes"
    if isinstance(value, numbers.Integral) and str in kinds:
        return f', in quotes: {name} = "{value}"'
    if isinstance(value, float) and value.is_integer() and int in kinds:
        return f": {name} = {int(value)}"
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, str | numbers.Number | None | tuple | list | dict | Path):
        return reprlib.repr(value)
    return f"<{type(value).__name__}>"


def _annotation(cls: type, name: str) -> Any:
    """Return the annotation of a field, ``Any`` if it contains names that cannot be resolved."""
    for base in cls.__mro__:
        annotation = inspect.get_annotations(base).get(name)
        if annotation is None:
            continue
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, {**vars(sys.modules[base.__module__])}, dict(vars(base)))
            except Exception:  # annotations of user classes may use names imported only for type checking
                return Any
        return annotation
    return Any
