"""Texts of genes from tables of their names, summaries and aliases."""

from __future__ import annotations

import logging

import anndata
import pandas as pd
import pytest

from infosem import pp


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
