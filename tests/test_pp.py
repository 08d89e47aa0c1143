"""Edge tables to known interactions."""

from __future__ import annotations

import logging

import pandas as pd

from infosem import InfoSEM, pp


def test_edges_and_negatives(cells, caplog):
    edges = pd.DataFrame(
        {
            "source": ["TF0", "TF1", "TF1", "absent"],
            "target": ["gene1", "gene2", "gene2", "gene3"],
            "weight": [1, -1, -1, 1],
        }
    )
    negatives = pd.DataFrame({"source": ["TF2"], "target": ["TF3"]})
    with caplog.at_level(logging.INFO, "infosem"):
        pp.known_interactions(cells, edges, negatives=negatives, key_added="known")
    assert "edges: 3 of 4 pairs" in caplog.text
    matrix = pd.DataFrame(cells.varp["known"].toarray(), cells.var_names, cells.var_names)
    assert cells.varp["known"].nnz == 3
    assert matrix.loc["TF0", "gene1"] == 1
    assert matrix.loc["TF1", "gene2"] == 1  # a weight of -1 is repression, not a non-edge
    assert matrix.loc["TF2", "TF3"] == -1


def test_what_it_writes_is_what_the_model_reads(cells):
    edges = pd.DataFrame({"source": ["TF0", "TF4"], "target": ["gene1", "TF2"]})
    pp.known_interactions(cells, edges)
    InfoSEM.setup_anndata(cells)
    prior = InfoSEM(cells).module.interaction_prior
    assert prior.pairs.T.tolist() == [[0, 7], [4, 2]]
    assert prior.is_edge.tolist() == [True, True]
