"""Known interactions from tables and files: edges, non-edges, and other identifiers."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

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


def test_other_pairs_of_the_same_sources_as_known_non_edges(cells):
    edges = pd.DataFrame({"source": ["TF0", "TF0", "TF3"], "target": ["gene1", "gene2", "TF0"]})
    pp.known_interactions(cells, edges, negatives="same_source")
    matrix = cells.varp["known_interactions"].toarray()
    assert (matrix == 1).sum() == 3
    assert np.unique(np.nonzero(matrix)[0]).tolist() == [0, 3]
    assert (matrix == -1).sum() == 2 * 23 - 3
    assert (np.diag(matrix) == 0).all()


def test_edges_in_other_identifiers_and_case(cells, caplog):
    cells.var["ensembl"] = [f"ENSG{i}" for i in range(24)]
    pp.known_interactions(cells, pd.DataFrame({"source": ["ENSG2"], "target": ["ENSG7"]}), gene_key="ensembl")
    assert cells.varp["known_interactions"][2, 7] == 1
    edges = pd.DataFrame({"source": ["tf0", "tf1", "other"], "target": ["GENE1", "nothing", "GENE1"]})
    with caplog.at_level(logging.INFO, "infosem"):
        pp.known_interactions(cells, edges, ignore_case=True)
    assert "1 of 3 pairs" in caplog.text
    assert "2 names were not found (other, nothing)" in caplog.text
    assert cells.varp["known_interactions"].nnz == 1


def test_negatives_of_another_kind(cells):
    edges = pd.DataFrame({"source": ["TF0"], "target": ["gene1"]})
    with pytest.raises(ValueError, match="same_source"):
        pp.known_interactions(cells, edges, negatives="all")
    with pytest.raises(ValueError, match="1 pairs of negatives"):
        pp.known_interactions(cells, edges, negatives=edges.assign(source="absent"))


@pytest.mark.parametrize("name", ["edges.csv", "edges.tsv.gz"])
def test_edges_from_a_file(cells, tmp_path, name):
    edges = pd.DataFrame({"source": ["TF0", "TF4"], "target": ["gene1", "TF2"], "weight": [1, -1]})
    edges.to_csv(tmp_path / name, sep="," if "csv" in name else "\t", index=False)
    pp.known_interactions(cells, tmp_path / name)
    assert cells.varp["known_interactions"].tocoo().coords[0].tolist() == [0, 4]
    with pytest.raises(FileNotFoundError, match="no file 'other.csv'"):
        pp.known_interactions(cells, "other.csv")


def test_what_it_writes_is_what_the_model_reads(cells):
    edges = pd.DataFrame({"source": ["TF0", "TF4"], "target": ["gene1", "TF2"]})
    pp.known_interactions(cells, edges)
    InfoSEM.setup_anndata(cells)
    known = InfoSEM(cells).edge_facts_
    assert known.pairs.T.tolist() == [[0, 7], [4, 2]]
    assert known.is_edge.tolist() == [True, True]
