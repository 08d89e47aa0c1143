"""Data sets that are simulated when they are needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from anndata import AnnData

from infosem.benchmark._identity import content
from infosem.benchmark._typed import as_type, check_fields
from infosem.datasets import sergio, simulate

TRUTH = "truth"
"""``varp``: the planted network."""

SIMULATORS: MappingProxyType[str, Callable[..., AnnData]] = MappingProxyType({"simulate": simulate, "sergio": sergio})
"""Functions of :mod:`infosem.datasets` that simulate cells from a planted network in ``varp["truth"]``."""


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Cells simulated from a planted network when they are needed, identically in every process.

    Parameters
    ----------
    simulator
        Function of :mod:`infosem.datasets`, ``"simulate"`` or ``"sergio"``.
    options
        Arguments of the simulator including the seed: numbers, strings and lists of them.

    Raises
    ------
    ValueError
        If the simulator or an argument is unknown, or the seed is missing.
    TypeError
        If an argument has the wrong type.
    """

    simulator: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self, owner="Simulated")
        if self.simulator not in SIMULATORS:
            raise ValueError(f"simulator={self.simulator!r} is not known; there are {', '.join(SIMULATORS)}.")
        known = inspect.signature(SIMULATORS[self.simulator], eval_str=True).parameters
        unknown = sorted(set(self.options) - set(known))
        if unknown:
            raise ValueError(f"{self.simulator} has no argument {unknown[0]!r}; it has {', '.join(known)}.")
        if "seed" not in self.options:
            raise ValueError(
                f"{self.simulator} = {{...}} has no seed, which results depend on: {self.simulator} = {{seed = 0}}."
            )
        options = {
            key: as_type(value, known[key].annotation, key, owner=self.simulator) for key, value in self.options.items()
        }
        options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
        object.__setattr__(self, "options", options)
        try:
            hash(tuple(options.values()))
        except TypeError:
            raise TypeError(
                f"the arguments of {self.simulator} must be numbers, strings and lists of them; otherwise simulate the "
                f"cells yourself and pass them: source=infosem.datasets.{self.simulator}(...)."
            ) from None

    @property
    def identity(self) -> str:
        """Simulator and arguments, which identify the simulated data."""
        return f"{self.simulator}({', '.join(f'{key}={content(self.options[key])}' for key in sorted(self.options))})"

    def draw(self) -> AnnData:
        """Return the cells. The most recent ones are cached in memory."""
        return _draw(self.simulator, tuple(sorted(self.options.items())))


@lru_cache(maxsize=4)
def _draw(simulator: str, options: tuple[tuple[str, Any], ...]) -> AnnData:
    return SIMULATORS[simulator](**dict(options))
