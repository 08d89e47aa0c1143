"""Validation of numeric arguments and their conversion to plain Python numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from numbers import Integral, Real
from reprlib import repr as shown
from typing import Any

_LARGEST_SEED = 2**63 - 1
"""Largest seed that an AnnData file can hold."""

LARGEST_OF_NUMPY = 2**32 - 1
"""Largest seed of numpy's legacy generators, which scikit-learn and networkx use."""


def whole_number(value: object, name: str, *, least: int | None = None, most: int | None = None, what: str = "") -> int:
    """Validate a whole number.

    Parameters
    ----------
    value
        Argument to validate: a Python, numpy or torch number. Floats must have no fractional part.
    name
        Name of the argument, for messages.
    least, most
        Inclusive bounds.
    what
        Meaning of the argument, for messages.

    Raises
    ------
    ValueError
        If ``value`` is not a whole number, or is out of bounds.
    """
    plain = _plain(value)
    if isinstance(plain, int) or (isinstance(plain, float) and plain.is_integer()):
        whole = int(plain)
        if (least is None or whole >= least) and (most is None or whole <= most):
            return whole
    bounds = "" if least is None else f", {least} or more" if most is None else f", from {least} to {most}"
    raise ValueError(f"{name}={shown(value)} must be a whole number{bounds}{': ' if what else ''}{what}.")


def number(
    value: object,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    what: str = "",
) -> float:
    """Validate a finite number.

    Parameters
    ----------
    value
        Argument to validate: a Python, numpy or torch number.
    name
        Name of the argument, for messages.
    least, above, most, below
        Bounds. ``above`` and ``below`` are exclusive.
    what
        Meaning of the argument, for messages.

    Raises
    ------
    ValueError
        If ``value`` is not a finite number, or is out of bounds.
    """
    plain = _plain(value)
    if plain is not None and abs(plain) <= sys.float_info.max and least <= plain <= most and above < plain < below:
        return plain
    phrases = [
        (f"{least:g} or more", least > -math.inf),
        (f"above {above:g}", above > -math.inf),
        (f"{most:g} or less", most < math.inf),
        (f"below {below:g}", below < math.inf),
    ]
    bounds = " and ".join(phrase for phrase, there in phrases if there)
    kind = f"number, {bounds}" if bounds else "finite number"
    raise ValueError(f"{name}={shown(value)} must be a {kind}{': ' if what else ''}{what}.")


def weight(value: object, name: str) -> float:
    """Return ``value`` as a weight in the loss, within what single precision holds; see :func:`number`."""
    return number(value, name, least=0, most=1e12)


def standard_deviation(value: object, name: str) -> float:
    """Return ``value`` as a standard deviation, within what single precision holds; see :func:`number`."""
    return number(value, name, least=1e-6, most=1e6)


def share(value: object, name: str, *, what: str = "") -> float:
    """Validate a share between 0 and 1. Arguments and errors are those of :func:`number`."""
    return number(value, name, least=0, most=1, what=what or "a share")


def truth_value(value: object, name: str) -> bool:
    """Validate a Python or numpy boolean. Raise a :class:`ValueError` for anything else."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, bool):
        raise ValueError(f"{name}={shown(value)} must be True or False.")
    return value


def seed_number(value: object, name: str = "seed", *, most: int = _LARGEST_SEED) -> int:
    """Validate a random seed. Raise a :class:`ValueError` that says what is allowed."""
    return whole_number(value, name, least=0, most=most)


def number_of_jobs(value: object, name: str = "n_jobs") -> int | None:
    """Validate a number of processes. ``None`` leaves it to joblib."""
    if value is None:
        return None
    plain = whole_number(value, name, what="-1 is one process for each core")
    if plain == 0:
        raise ValueError(f"{name}=0 must be a whole number other than zero: -1 is one process for each core.")
    return plain


def _plain(value: object) -> int | float | None:
    """Convert a scalar to a Python number, ``None`` if it is not a real number."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    return int(value) if isinstance(value, Integral) else float(value)


def one_of(*choices: object) -> Callable[[Any, str], Any]:
    """Return a check that raises a :class:`ValueError` unless a value is one of ``choices``."""

    def check(value: Any, name: str) -> Any:
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            raise ValueError(f"{name}={shown(value)} is not one of {', '.join(map(repr, choices))}.")
        return value

    return check
