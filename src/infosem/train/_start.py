"""Where the effects are when training starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from infosem.data._arguments import number
from infosem.data._settings import Settings, register


class Start(Settings):
    """Settings of where the effects are when training starts."""


@register
@dataclass(frozen=True, kw_only=True)
class ClosedForm(Start):
    """Start at the closed-form estimate of sparse direct effects (:mod:`infosem.statistics._single_effects`)."""


@register
@dataclass(frozen=True, kw_only=True)
class EqualEffects(Start):
    r"""Start at effects that are all alike, but for a small random part.

    Parameters
    ----------
    total
        Sum of the effects on every gene, shared equally by the regulators. DeepSEM starts at one, where :math:`I - A`
        is nearly singular.
    """

    total: float = 2.0

    def __post_init__(self) -> None:
        self._checked(total=partial(number, least=0, most=1e12))
