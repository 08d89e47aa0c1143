"""Prior and posterior of the effects, and probabilities of the edges."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from infosem import InfoSEM, pl

REGULATORS, GENES = ["A", "B"], ["A", "B", "x"]


def frame(*rows: list[float]) -> pd.DataFrame:
    return pd.DataFrame(rows, REGULATORS, GENES)


def model(**matrices: pd.DataFrame | None) -> SimpleNamespace:
    names = ("prior_mean", "effects", "known_interactions", "probabilities")
    return SimpleNamespace(**{f"get_{name}": (lambda name=name: matrices.get(name)) for name in names})


def test_hexagons_hold_all_pairs_of_two_genes(ax: Axes) -> None:
    prior, learned = frame([9.0, 1.0, 2.0], [1.0, 9.0, 4.0]), frame([0.0, 1.0, 3.0], [1.0, 0.0, 2.0])
    assert pl.prior_posterior(model(prior_mean=prior, effects=learned), ax=ax) is ax
    (hexagons,) = ax.collections
    counts = {tuple(np.round(at, 1)): n for at, n in zip(hexagons.get_offsets(), hexagons.get_array(), strict=True)}
    assert sum(counts.values()) == 4  # not the two pairs of a gene with itself
    assert max(counts.values()) == 2  # (1, 1) twice
    assert sorted(counts) == [pytest.approx(at, abs=0.06) for at in ((1, 1), (2, 3), (4, 2))]
    r = np.corrcoef([1, 2, 1, 4], [1, 3, 1, 2])[0, 1]
    assert [text.get_text() for text in ax.texts] == [f"r = {r:.2f}"]
    (identity,) = ax.lines
    assert identity.get_slope() == 1
    x, y = identity.get_xy1()
    assert x == y


def test_labels_of_ticks_do_not_overlap(ax: Axes) -> None:
    prior = frame([9.0, -0.1014, -0.1001], [-0.1008, 9.0, -0.1001])
    pl.prior_posterior(model(prior_mean=prior, effects=prior), ax=ax)
    ax.figure.draw_without_rendering()
    left, right = ax.get_xlim()
    boxes = [tick.label1.get_window_extent() for tick in ax.xaxis.get_major_ticks() if left <= tick.get_loc() <= right]
    assert len(boxes) > 1
    assert not any(first.overlaps(second) for first, second in itertools.pairwise(boxes))


def test_shares_of_each_state(ax: Axes) -> None:
    known = frame([0, 1, -1], [0, 0, 0])
    learned = frame([0.5, 0.95, 0.05], [0.41, 0.5, 0.99])
    assert pl.probabilities(model(known_interactions=known, probabilities=learned), ax=ax) is ax
    bins = ax.patches[0].get_data().edges
    found = {
        text.get_text(): {round(bins[at], 6): share for at, share in enumerate(patch.get_data().values) if share}
        for text, patch in zip(ax.get_legend().get_texts(), ax.patches, strict=True)
    }
    assert found == {
        "unobserved (2)": {0.4: 50, 0.98: 50},
        "known non-edges (1)": {0.04: 100},
        "known edges (1)": {0.94: 100},
    }
    assert len({patch.get_edgecolor() for patch in ax.patches}) == 3


def test_a_state_without_pairs_is_not_drawn(ax: Axes) -> None:
    known = frame([0, 1, 0], [0, 0, 0])
    pl.probabilities(model(known_interactions=known, probabilities=known * 0.4 + 0.5), ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["unobserved (3)", "known edges (1)"]


def test_models_without_a_prior_are_sent_to_the_other_plot() -> None:
    with pytest.raises(ValueError, match=r"no text prior.*embedding_key.*infosem\.pl\.probabilities"):
        pl.prior_posterior(model())
    with pytest.raises(ValueError, match=r"no known interactions.*known_interactions.*infosem\.pl\.prior_posterior"):
        pl.probabilities(model())


def test_of_a_trained_model(trained: InfoSEM, ax: Axes) -> None:
    pl.prior_posterior(trained, ax=ax)
    assert ax.collections[0].get_array().sum() == 6 * 24 - 6
    ax.clear()
    pl.probabilities(trained, ax=ax)
    n = sum(int(text.get_text().rpartition("(")[2].strip(")")) for text in ax.get_legend().get_texts())
    assert n == 6 * 24 - 6
