"""Strength of edges, from the formula."""

from __future__ import annotations

import numpy as np
import pytest

from infosem import InfoSEM

from .conftest import QUIET


@pytest.mark.parametrize("standardise", ["non-zero", "all"])
def test_strength_is_half_the_edge_and_half_its_regulator_times_the_regulators_spread(cells, standardise):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, prior="laplace", standardise=standardise)
    model.train(max_epochs=2, **QUIET)
    size = model.get_adjacency().abs()
    x = cells.X.toarray().astype(np.float64)
    strength = model.get_strength()
    for i, regulator in enumerate(model.regulator_names):
        values = x[:, i]
        counted = values != 0 if standardise == "non-zero" else np.ones(len(values), dtype=bool)
        spread = np.sqrt(np.sum((values[counted] - values[counted].mean()) ** 2) / len(values))
        others = size.loc[regulator].drop(regulator)
        expected = spread * (others + others.mean()) / 2
        np.testing.assert_allclose(strength.loc[regulator].drop(regulator), expected, rtol=1e-4)
        assert strength.loc[regulator, regulator] == 0
