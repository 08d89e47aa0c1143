"""What tests of methods that learn from labels share."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from infosem.benchmark._method import Labels


@pytest.fixture
def halves(cells: AnnData) -> tuple[Labels, Labels]:
    """All pairs but self-pairs, half of them for training; the regulators come first among the genes."""
    truth = cells.varp["truth"].toarray()[cells.var["is_regulator"]] != 0
    source, target = np.nonzero(~np.eye(*truth.shape, dtype=bool))
    train = np.random.default_rng(0).random(len(source)) < 0.5
    first, second = ((source[half], target[half]) for half in (train, ~train))
    return Labels(*first, truth[first]), Labels(*second, truth[second])
