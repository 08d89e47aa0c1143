"""Regulators, embeddings and known interactions from tables, files and objects of others."""

from __future__ import annotations

import logging
import pickle

import anndata
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


class TestRegulators:
    def test_names_from_everywhere(self, cells, tmp_path):
        expected = cells.var_names[:4]
        (tmp_path / "names.txt").write_text("\n".join([*expected, "absent", ""]))
        (tmp_path / "names.csv").write_text("\n".join(f"{name},zinc finger" for name in expected))
        cells.var["is_tf"] = cells.var_names.isin(expected)
        edges = pd.DataFrame({"source": [*expected, expected[0]], "target": cells.var_names[5]})
        reversed_columns = edges.assign(weight=1.0)[["target", "weight", "source"]]
        reversed_columns.to_csv(tmp_path / "edges.csv.gz")
        (tmp_path / "excel.txt").write_text("\n".join(expected), encoding="utf-8-sig")
        files = [tmp_path / name for name in ("names.txt", "edges.csv.gz", "excel.txt")]
        mask = cells.var["is_tf"]
        for source in (list(expected), *files, str(tmp_path / "names.csv"), edges, "is_tf", mask, mask.to_numpy()):
            pp.regulators(cells, source)
            assert cells.var_names[cells.var["is_regulator"]].tolist() == list(expected)
        InfoSEM.setup_anndata(cells)
        assert InfoSEM(cells).regulator_names == list(expected)

    def test_other_identifiers_and_case(self, cells):
        cells.var["ensembl"] = [f"ENSG{i}" for i in range(24)]
        pp.regulators(cells, ["ENSG3", "ENSG9"], gene_key="ensembl", key_added="one")
        assert np.flatnonzero(cells.var["one"]).tolist() == [3, 9]
        pp.regulators(cells, [name.lower() for name in cells.var_names[:3]], ignore_case=True, key_added="two")
        assert np.flatnonzero(cells.var["two"]).tolist() == [0, 1, 2]

    def test_bad_input(self, cells):
        with pytest.raises(ValueError, match=r"absent.*TF0.*ignore_case"):
            pp.regulators(cells, ["absent"], key_added="new")
        assert "new" not in cells.var
        with pytest.raises(ValueError, match="The regulators hold no name"):
            pp.regulators(cells, [])
        with pytest.raises(FileNotFoundError, match="neither a column"):
            pp.regulators(cells, "TF0")
        cells.var["score"] = 0.3
        with pytest.raises(ValueError, match=r"score.*0\.3"):
            pp.regulators(cells, "score")
        cells.var["none"] = False
        with pytest.raises(ValueError, match="false for every gene"):
            pp.regulators(cells, "none")
        with pytest.raises(ValueError, match="'source'"):
            pp.regulators(cells, pd.DataFrame({"TF": ["TF0"], "family": ["zinc finger"]}))
        pp.regulators(cells, pd.DataFrame({"TF": ["TF0", "TF1"]}))
        assert cells.var["is_regulator"].sum() == 2


class TestAddEmbeddings:
    @pytest.fixture
    def table(self, cells):
        """Three numbers for each gene but the first two, in another order, and for genes that are not in the data."""
        values = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
        names = [*cells.var_names[2:][::-1], "absent", "missing"]
        return pd.DataFrame(values, index=names)

    def check(self, cells, table, key="gene_embedding"):
        matrix = cells.varm[key]
        assert np.isnan(matrix[:2]).all()
        np.testing.assert_allclose(matrix[2:], table.loc[cells.var_names[2:]], rtol=1e-6)

    def test_objects(self, cells, table):
        named = table.rename_axis("symbol").reset_index()
        for embeddings in (table, named, dict(zip(table.index, table.to_numpy(), strict=True))):
            pp.add_embeddings(cells, embeddings)
            self.check(cells, table)
        pp.add_embeddings(cells, {name: row.tolist() for name, row in table.iterrows()}, key_added="lists")
        self.check(cells, table, "lists")
        pp.add_embeddings(cells, table.to_numpy(), names=table.index)
        self.check(cells, table)
        assert cells.uns["gene_embedding"]["n_genes"] == 22
        aligned = np.arange(72.0).reshape(24, 3)
        pp.add_embeddings(cells, aligned)
        np.testing.assert_array_equal(cells.varm["gene_embedding"], aligned)

    @pytest.mark.parametrize("ending", ["csv", "tsv.gz", "parquet", "npz", "vectors.npz", "npy", "pickle"])
    def test_files(self, cells, table, tmp_path, ending):
        path = tmp_path / f"embeddings.{ending}"
        names = table.index.to_numpy().astype(str)
        by_name = dict(zip(names, table.to_numpy(), strict=True))
        {
            "csv": lambda: table.to_csv(path),
            "tsv.gz": lambda: table.to_csv(path, sep="\t"),
            "parquet": lambda: table.rename(columns=str).to_parquet(path),
            "npz": lambda: np.savez(path, genes=names, vectors=table.to_numpy()),
            "vectors.npz": lambda: np.savez(path, **by_name),
            "npy": lambda: np.save(path, table.to_numpy()),
            "pickle": lambda: path.write_bytes(pickle.dumps(by_name)),
        }[ending]()
        pp.add_embeddings(cells, path, names=names if ending == "npy" else None)
        self.check(cells, table)
        assert cells.uns["gene_embedding"]["source"] == path.name, "no path of this machine"

    def test_other_identifiers_and_case(self, cells, table, caplog):
        cells.var["ensembl"] = [f"ENSG{i}" for i in range(24)]
        to_ensembl = dict(zip(cells.var_names, cells.var["ensembl"], strict=True))
        pp.add_embeddings(cells, table.rename(index=to_ensembl), gene_key="ensembl")
        self.check(cells, table)
        swapped = table.rename(index=lambda name: name if name == cells.var_names[5] else name.swapcase())
        with pytest.raises(ValueError, match=r"Only 1 of 24 names.*21 more match: pass ignore_case=True"):
            pp.add_embeddings(cells, swapped)
        self.check(cells, table)  # as it was
        with caplog.at_level(logging.INFO, "infosem"):
            pp.add_embeddings(cells, swapped, allow_few=True)
        assert "1 of 24 genes" in caplog.text
        assert "21 more genes" in caplog.text
        pp.add_embeddings(cells, swapped, ignore_case=True)
        self.check(cells, table)

    def test_what_it_writes_is_what_the_model_reads(self, cells, table, tmp_path):
        pp.add_embeddings(cells, table)
        cells.write_h5ad(tmp_path / "cells.h5ad")
        cells = anndata.read_h5ad(tmp_path / "cells.h5ad")
        InfoSEM.setup_anndata(cells, interactions_key=None)
        assert InfoSEM(cells).prior_ == "embedding"

    def test_the_first_of_several_vectors_counts(self, cells, table, caplog):
        pp.add_embeddings(cells, pd.concat([table, table.iloc[:2] + 1]))
        self.check(cells, table)
        assert "2 names of the embeddings occur more than once" in caplog.text

    def test_rows_that_are_not_finite_count_as_absent(self, cells, table, caplog):
        table.loc[cells.var_names[4], 1] = np.nan
        with caplog.at_level(logging.INFO, "infosem"):
            pp.add_embeddings(cells, table)
        assert cells.uns["gene_embedding"]["n_genes"] == 21
        assert "ignore_case" not in caplog.text, "no other spelling would help"
        assert np.isnan(cells.varm["gene_embedding"][4]).all()

    def test_bad_input(self, cells, table, tmp_path):
        with pytest.raises(ValueError, match=r"gene_key.*ignore_case"):
            pp.add_embeddings(cells, {"absent": [1.0, 2.0]})
        with pytest.raises(ValueError, match=r"\[1, 2\]"):
            pp.add_embeddings(cells, {"TF0": [1.0, 2.0], "TF1": [1.0]})
        with pytest.raises(ValueError, match="names="):
            pp.add_embeddings(cells, np.ones((5, 3)))
        with pytest.raises(ValueError, match="has its own names"):
            pp.add_embeddings(cells, table, names=list(table.index))
        with pytest.raises(ValueError, match=r"'a.xlsx'.*\.parquet"):
            pp.add_embeddings(cells, tmp_path / "a.xlsx")
        with pytest.raises(TypeError, match=r"shape \(24,\)"):
            pp.add_embeddings(cells, np.ones(24))
        with pytest.raises(KeyError, match="ensembl"):
            pp.add_embeddings(cells, table, gene_key="ensembl")


class TestGeneText:
    @pytest.fixture
    def descriptions(self):
        rows = [
            ("TF0", "ENSG0", "first factor", ""),
            ("TF0", "ENSG00", "first factor", "Binds DNA."),
            ("TF1", "ENSG1", "second factor.", "Binds RNA."),
            ("gene1", "ENSG7", "a gene", None),
            ("gene2", "ENSG8", None, None),
            ("other", None, "not in the data", "Nothing."),
        ]
        return pd.DataFrame(rows, columns=["symbol", "ensembl_id", "name", "summary"])

    def test_symbol_name_and_summary(self, cells, descriptions, caplog, tmp_path):
        expected = {
            "TF0": "TF0: first factor. Binds DNA.",
            "TF1": "TF1: second factor. Binds RNA.",
            "gene1": "gene1: a gene.",
            "gene2": "",
            "gene3": "",
        }
        descriptions.to_csv(tmp_path / "genes.tsv.gz", sep="\t", index=False)
        descriptions.to_csv(tmp_path / "genes.csv", index=False)
        for source in (descriptions, tmp_path / "genes.tsv.gz", str(tmp_path / "genes.csv")):
            with caplog.at_level(logging.INFO, "infosem"):
                pp.gene_text(cells, source)
            assert cells.var["gene_text"][list(expected)].to_dict() == expected
            assert (cells.var["gene_text"] != "").sum() == 3
        assert "3 of 24 genes have a text, 2 of them with a summary" in caplog.text

    def test_other_identifiers_and_case(self, cells, descriptions):
        cells.var["ensembl"] = [f"ENSG{i}" for i in range(24)]
        pp.gene_text(cells, descriptions, on="ensembl_id", gene_key="ensembl", key_added="one")
        assert cells.var["one"].iloc[[0, 1, 7, 8]].tolist() == [
            "TF0: first factor.", "TF1: second factor. Binds RNA.", "gene1: a gene.", "",
        ]  # fmt: skip
        pp.gene_text(cells, descriptions.assign(symbol=descriptions["symbol"].str.lower()), ignore_case=True)
        assert cells.var["gene_text"]["TF1"] == "tf1: second factor. Binds RNA."

    @pytest.mark.parametrize(
        ("gene", "exact", "any_case"),
        [
            ("SF1", "SF1", "SF1"),  # a symbol goes before an alias, that NR5A1 has
            ("Sf1", None, "SF1"),
            ("AD4BP", "NR5A1", "NR5A1"),
            ("Ad4bp", None, "NR5A1"),
            ("ZFM1", "SF1", "SF1"),  # of two rows of one gene the one with a summary
            ("SHARED", None, None),  # two genes have it
            ("p53", "TP53", "TP53"),
            ("P53", "OTHER", "OTHER"),  # as it is written
            ("P53x", None, None),
            ("Per1", "NR5A1", "PER1"),  # a symbol in another case goes before an alias
            ("ELSE", None, None),
            ("nan", None, None),
        ],
    )
    def test_aliases(self, cells, gene, exact, any_case):
        rows = [
            ("SF1", "splicing factor 1", None, "ZFM1|BBP"),
            ("SF1", "splicing factor 1", "Binds RNA.", "BBP | ZFM1"),
            ("NR5A1", "nuclear receptor", None, "SF1|AD4BP|SHARED|Per1"),
            ("TP53", "tumor protein p53", None, "p53|SHARED|p53x"),
            ("OTHER", "another", None, "P53|p53X"),
            ("PER1", "period 1", None, None),
        ]
        table = pd.DataFrame(rows, columns=["symbol", "name", "summary", "aliases"])
        cells.var["name"] = ["TP53", gene, *map(str, range(22))]
        for ignore_case, symbol in ((False, exact), (True, any_case)):
            pp.gene_text(cells, table, gene_key="name", ignore_case=ignore_case)
            text = cells.var["gene_text"].iloc[1]
            assert text.partition(":")[0] == (symbol or "")
            assert ("Binds RNA." in text) == (symbol == "SF1")

    def test_report(self, cells, caplog):
        table = pd.DataFrame({"symbol": ["TF0", "tf1", "a", "b"], "name": "x", "aliases": ["", "TF0", "TF2|x", "tf3"]})
        with caplog.at_level(logging.INFO, "infosem"):
            pp.gene_text(cells, table, ignore_case=True)
        ways = "1 by symbol, 1 by symbol in another case, 1 by alias, 1 by alias in another case"
        assert (
            f"4 of 24 genes have a text, 0 of them with a summary: adata.var['gene_text']. Matched {ways}."
            in caplog.text
        )
        assert "Without one: TF4, TF5, gene0" in caplog.text

    def test_without_summaries(self, cells, descriptions):
        pp.gene_text(cells, descriptions.drop(columns="summary"))
        assert cells.var["gene_text"]["TF1"] == "TF1: second factor."

    def test_bad_input(self, cells, descriptions):
        with pytest.raises(ValueError, match=r"\['name'\].*summary"):
            pp.gene_text(cells, descriptions.drop(columns="name"))
        with pytest.raises(ValueError, match="gene_key"):
            pp.gene_text(cells, descriptions, on="ensembl_id")

    def test_real_descriptions(self, real_data):
        for cells, species in (("hESC", "human"), ("mESC", "mouse")):
            adata = anndata.read_h5ad(real_data / "beeline" / f"{cells}_TFs500.h5ad")
            pp.gene_text(adata, real_data / "genes" / f"gene_descriptions_{species}.tsv.gz", ignore_case=True)
            described = adata.var["gene_text"] != ""
            assert (described == adata.var["has_description"]).mean() > 0.99
