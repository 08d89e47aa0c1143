"""Weight of the direct effects in the evidence."""

from __future__ import annotations

_MOST_DIRECT = 0.8
_OBSERVATIONS_OF_A_REGULATOR = 0.4


def direct_share(n_observations: float, n_regulators: int) -> float:
    r"""Return the weight of the direct effects in the evidence, from zero to one. The association has the remainder.

    .. math:: w = \frac{0.8\, n}{n + 0.4 R}

    The direct effects of :math:`R` regulators can be distinguished as far as there are as many independent observations
    :math:`n` as regulators.
    """
    return _MOST_DIRECT * n_observations / (n_observations + _OBSERVATIONS_OF_A_REGULATOR * n_regulators)
