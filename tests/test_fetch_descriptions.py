"""Descriptions from a local server that answers as MyGene.info does: POST /v3/query, one object a hit."""

from __future__ import annotations

import json
import sys
from urllib.parse import parse_qs

import pandas as pd
import pytest

from infosem import pp

from .local_server import reply, serve

mygene = pytest.importorskip("mygene", reason="needs the client of MyGene.info: pip install 'infosem[fetch]'")

# as the service sends them: what is one alone comes without a list, what there is not is left out
GENES = {
    "human": [
        {
            "_id": "7157",
            "symbol": "TP53",
            "name": "tumor protein p53",
            "summary": "Acts as a tumor suppressor.",
            "alias": ["BCC7", "P53", "TRP53"],
            "ensembl": {"gene": "ENSG00000141510"},
        },
        {"_id": "5187", "symbol": "PER1", "name": "period circadian regulator 1", "alias": "RIGUI"},
        {
            "_id": "7536",
            "symbol": "SF1",
            "name": "splicing factor 1",
            "alias": ["BBP", "ZFM1"],
            "ensembl": [{"gene": "ENSG00000168066"}, {"gene": "ENSG00000999999"}],
        },
        {"_id": "2516", "symbol": "NR5A1", "name": "nuclear receptor subfamily 5", "alias": ["SF1", "AD4BP"]},
        {"_id": "1", "symbol": "AAA", "name": "the first", "alias": ["SHARED"], "ensembl": {"gene": "ENSG1"}},
        {"_id": "2", "symbol": "BBB", "name": "the second", "alias": ["SHARED", "OLDB"], "ensembl": {"gene": "ENSG2"}},
    ],
    "mouse": [{"_id": "22059", "symbol": "Trp53", "name": "transformation related protein 53", "alias": ["p53"]}],
}


class Service:
    """Answers, and what was asked; it breaks once ``breaks_after`` batches are answered."""

    def __init__(self):
        self.batches, self.breaks_after, self.fails_for = [], None, set()

    def __call__(self, request):
        form = parse_qs(request.rfile.read(int(request.headers["Content-Length"])).decode())
        asked = [name.strip('"') for name in form["q"][0].split(",")]
        if len(self.batches) == self.breaks_after:
            return reply(request, b"overloaded", status=503)
        self.batches.append(asked)
        assert (request.command, request.path.rstrip("/")) == ("POST", "/v3/query")
        scopes, fields = form["scopes"][0].split(","), {field.split(".")[0] for field in form["fields"][0].split(",")}
        hits = []
        for name in asked:
            found = [gene for gene in GENES[form["species"][0]] if self.matches(gene, name, scopes)]
            hits += [
                {"query": name, "_score": 18.3}
                | {key: value for key, value in gene.items() if key in {*fields, "_id"}}
                for gene in found
            ]  # fmt: skip
            if name in self.fails_for:
                hits.append({"query": name, "error": True})
            elif not found:
                hits.append({"query": name, "notfound": True})
        return reply(request, json.dumps(hits).encode(), headers={"Content-Type": "application/json"})

    @staticmethod
    def matches(gene, name, scopes):
        aliases = [gene["alias"]] if isinstance(gene["alias"], str) else gene["alias"]
        ensembl = gene.get("ensembl", [])
        known = {
            "symbol": [gene["symbol"]],
            "alias": aliases,
            "ensembl.gene": [entry["gene"] for entry in ([ensembl] if isinstance(ensembl, dict) else ensembl)],
        }
        return name.casefold() in {value.casefold() for scope in scopes for value in known[scope]}


@pytest.fixture
def service(monkeypatch):
    service = Service()
    with serve(service) as address:
        monkeypatch.setattr(mygene.MyGeneInfo, "_default_url", f"{address}/v3")
        monkeypatch.setattr(mygene.MyGeneInfo, "_delay", 0)
        yield service


@pytest.fixture
def options(tmp_path):
    return {"cache": tmp_path / "answers", "progress": False}


def test_table(service, options):
    table = pp.fetch_descriptions(["TP53", "RIGUI", "SF1", "nothing", "TP53", "ENSG1"], **options)
    assert service.batches == [["TP53", "RIGUI", "SF1", "nothing", "ENSG1"]]
    assert table.columns.tolist() == ["symbol", "name", "summary", "aliases", "ensembl_id"]
    assert table.fillna("").to_numpy().tolist() == [
        ["TP53", "tumor protein p53", "Acts as a tumor suppressor.", "BCC7|P53|TRP53", "ENSG00000141510"],
        ["PER1", "period circadian regulator 1", "", "RIGUI", ""],
        ["SF1", "splicing factor 1", "", "BBP|ZFM1", "ENSG00000168066"],
        ["SF1", "splicing factor 1", "", "BBP|ZFM1", "ENSG00000999999"],
        ["NR5A1", "nuclear receptor subfamily 5", "", "SF1|AD4BP", ""],
        ["AAA", "the first", "", "SHARED", "ENSG1"],
    ]


def test_an_interruption_loses_no_batch(service, options):
    names = ["TP53", "PER1", "SF1", "nothing", "AAA", "BBB", "NR5A1"]
    service.breaks_after = 2
    with pytest.raises(OSError, match=r"MyGene.info did not answer.*503.*resumes where"):
        pp.fetch_descriptions(names, batch_size=2, **options)
    service.breaks_after = None
    table = pp.fetch_descriptions(names, batch_size=2, **options)
    assert service.batches == [["TP53", "PER1"], ["SF1", "nothing"], ["AAA", "BBB"], ["NR5A1"]]
    assert set(table["symbol"]) == set(names) - {"nothing"}
    again = pp.fetch_descriptions(names, **options)
    assert len(service.batches) == 4
    pd.testing.assert_frame_equal(again, table)


def test_what_the_service_could_not_look_up_is_asked_again(service, options):
    service.fails_for = {"none"}
    pp.fetch_descriptions(["TP53", "none"], **options)
    pp.fetch_descriptions(["TP53", "none"], **options)
    assert service.batches == [["TP53", "none"], ["none"]]


def test_species_are_kept_apart(service, options):
    assert pp.fetch_descriptions(["p53"], **options)["symbol"].tolist() == ["TP53"]
    assert pp.fetch_descriptions(["p53"], species="mouse", **options)["symbol"].tolist() == ["Trp53"]
    assert len(service.batches) == 2


def test_without_a_network(service, options, monkeypatch, tmp_path):
    pp.fetch_descriptions(["TP53"], **options)
    monkeypatch.setattr(mygene.MyGeneInfo, "_default_url", "http://127.0.0.1:9/v3")
    assert pp.fetch_descriptions(["TP53"], **options)["symbol"].tolist() == ["TP53"]
    with pytest.raises(OSError, match=r"did not answer.*gene_text\(adata, table\)"):
        pp.fetch_descriptions(["TP53", "PER1"], **options)
    with pytest.raises(OSError, match="did not answer"):
        pp.fetch_descriptions(["TP53"], cache=None, progress=False)


def test_texts(service, options, cells):
    cells = cells[:, :6].copy()
    cells.var_names = ["TP53", "RIGUI", "SF1", "SHARED", "nothing", "AD4BP"]
    pp.gene_text(cells, pp.fetch_descriptions(cells.var_names, **options))
    assert cells.var["gene_text"].tolist() == [
        "TP53: tumor protein p53. Acts as a tumor suppressor.",
        "PER1: period circadian regulator 1.",
        "SF1: splicing factor 1.",
        "",
        "",
        "NR5A1: nuclear receptor subfamily 5.",
    ]


def test_bad_input(monkeypatch):
    with pytest.raises(TypeError, match="'TP53'"):
        pp.fetch_descriptions("TP53")
    with pytest.raises(ValueError, match="genes is empty"):
        pp.fetch_descriptions(["", " "])
    with pytest.raises(ValueError, match="batch_size=1001"):
        pp.fetch_descriptions(["TP53"], batch_size=1001)
    monkeypatch.setitem(sys.modules, "mygene", None)
    with pytest.raises(ImportError, match=r"infosem\[fetch\]"):
        pp.fetch_descriptions(["TP53"], cache=None, progress=False)
