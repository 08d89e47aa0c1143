"""Hyper-parameters chosen by the training labels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from infosem.benchmark._job import OK
from infosem.benchmark._splits import TRAIN

_SPLIT = ["dataset", "network", "split_kind", "split", "seed"]


def select_by_training(results: pd.DataFrame, methods: Sequence[str], name: str) -> pd.DataFrame:
    """Of a family of methods take, split by split, the one with the best AUPRC on the training labels.

    That is how hyper-parameters are chosen without a look at the test. It makes sense for methods that read no labels:
    one that does may know the training labels by heart.

    Parameters
    ----------
    results
        Table of :func:`infosem.benchmark.run`.
    methods
        Names of the candidates; of several equally good ones the first is taken.
    name
        Name of the result.

    Returns
    -------
    The rows of the best candidates, as rows of the method ``name``, with the candidate in the column ``selected``.
    """
    family = results[results["method"].isin(methods) & (results["status"] == OK)]
    training = family[family["block"] == TRAIN]
    place = training["method"].map({method: place for place, method in enumerate(methods)})
    ranked = training.assign(place=place).sort_values(["auprc", "place"], ascending=[False, True], kind="stable")
    best = ranked.drop_duplicates(_SPLIT)[[*_SPLIT, "method"]]
    chosen = family.merge(best, on=[*_SPLIT, "method"])
    return chosen.assign(selected=chosen["method"], method=name)
