"""The model as it is today, and as the paper has it: what differs beside the prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Form:
    """Defaults of arguments that are not given, and what ranks the edges.

    Parameters
    ----------
    probability, schedule
        As in :class:`infosem.InfoSEM` and :meth:`infosem.InfoSEM.train`.
    embedding_weight
        Weight of the text prior at 400 regulators.
    weight_exponent
        Power of the number of regulators that the weight goes with.
    ranks_by
        What :meth:`infosem.InfoSEM.get_strength` is: the ``"strength"`` or the absolute ``"adjacency"``.
    """

    probability: Literal["kernel", "low-rank"]
    schedule: Literal["joint", "alternating"]
    embedding_weight: float
    weight_exponent: int
    ranks_by: Literal["strength", "adjacency"]

    def weight_of_text(self, n_regulators: int) -> float:
        """Default of ``embedding_weight``."""
        return self.embedding_weight * (n_regulators / 400) ** self.weight_exponent


FORMS = {
    "today": Form(
        probability="kernel", schedule="joint", embedding_weight=100.0, weight_exponent=2, ranks_by="strength"
    ),
    "paper": Form(
        probability="low-rank", schedule="alternating", embedding_weight=1e3, weight_exponent=0, ranks_by="adjacency"
    ),
}
