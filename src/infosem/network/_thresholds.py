"""Thresholds on edges other than their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from infosem.data._arguments import share

_SOURCE = {
    "probability": "register known interactions in InfoSEM.setup_anndata and train with them",
    "stability": "train several models with infosem.train_ensemble(adata)",
    "q_value": "compute it with infosem.tl.false_discovery_rate(model)",
}


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Minimum probability, minimum stability and maximum q value of an edge, each between 0 and 1."""

    min_probability: float = 0.0
    min_stability: float = 0.0
    max_q_value: float = 1.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            share(value, name)

    @property
    def read(self) -> list[str]:
        """Columns with a threshold."""
        return list(self._set)

    @property
    def _set(self) -> dict[str, tuple[float, bool]]:
        """Threshold of each column that has one, and whether it is a minimum (else a maximum)."""
        thresholds = {
            "probability": (self.min_probability, True),
            "stability": (self.min_stability, True),
            "q_value": (self.max_q_value, False),
        }
        return {name: (value, least) for name, (value, least) in thresholds.items() if value != (0 if least else 1)}

    def passing(self, columns: Mapping[str, Any]) -> np.ndarray | None:
        """Return a mask of the edges that pass, or ``None`` if there are no thresholds.

        Parameters
        ----------
        columns
            Arrays of equal shape by name. Only those with a threshold are read.

        Raises
        ------
        ValueError
            If one of them is missing.
        """
        passing = None
        for name, (value, least) in self._set.items():
            if name not in columns:
                raise ValueError(
                    f"{'min' if least else 'max'}_{name}={value} needs the {name} of each edge, which is missing: "
                    f"{_SOURCE[name]}."
                )
            values = np.asarray(columns[name])
            passes = values >= value if least else values <= value
            passing = passes if passing is None else passing & passes
        return passing
