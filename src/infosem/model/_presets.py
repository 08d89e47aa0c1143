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
        What :meth:`infosem.InfoSEM.get_strength` is: the ``"evidence"`` or the absolute ``"adjacency"``.
    start
        Where the effects start: at their ``"closed-form"`` estimate, or all at the same ``"total"`` effect.
    """

    probability: Literal["kernel", "low-rank"]
    schedule: Literal["joint", "alternating"]
    embedding_weight: float
    weight_exponent: int
    ranks_by: Literal["evidence", "adjacency"]
    start: Literal["closed-form", "total"]

    def treatment(self, zeros_go_together: bool) -> Literal["non-zero", "all"]:
        """Default of ``standardise``."""
        return "all" if self.start == "closed-form" and zeros_go_together else "non-zero"

    def weight_of_text(self, n_regulators: int) -> float:
        """Default of ``embedding_weight``."""
        return self.embedding_weight * (n_regulators / 400) ** self.weight_exponent


FORMS = {
    "today": Form(
        probability="kernel",
        schedule="joint",
        embedding_weight=100.0,
        weight_exponent=2,
        ranks_by="evidence",
        start="closed-form",
    ),
    "paper": Form(
        probability="low-rank",
        schedule="alternating",
        embedding_weight=1e3,
        weight_exponent=0,
        ranks_by="adjacency",
        start="total",
    ),
}
