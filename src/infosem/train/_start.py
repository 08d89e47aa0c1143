"""Initial effects, which training starts from."""

from __future__ import annotations

from dataclasses import dataclass

from infosem.data._arguments import weight
from infosem.data._settings import Settings, register


@register
@dataclass(frozen=True, kw_only=True)
class ClosedForm(Settings):
    """Start training from a closed-form estimate of sparse direct effects."""


@register
@dataclass(frozen=True, kw_only=True)
class EqualEffects(Settings):
    r"""Start training from equal effects, apart from a small random part.

    Parameters
    ----------
    total
        Total effect on each gene, shared equally by the regulators. DeepSEM starts at one, where :math:`I - A` is
        nearly singular.
    """

    total: float = 2.0

    def __post_init__(self) -> None:
        self._checked(total=weight)
