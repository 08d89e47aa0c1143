"""BEELINE's data sets from a folder written here, by its rule gene by gene; the download from a local server."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, datasets
from infosem.datasets import _beeline

from .local_server import reply, serve

N_GENES, N_CELLS = 60, 15
GENES = [f"Gene{i}" for i in range(N_GENES)]
CELLS = [f"cell{i}" for i in range(N_CELLS)]
NETWORKS = {
    "mouse": {
        "mESC-ChIP-seq": "chip_cell_specific",
        "Non-Specific-ChIP-seq": "chip_non_specific",
        "STRING": "string",
        "mESC-lofgof": "loss_gain_of_function",
        "mHSC-ChIP-seq": "chip_cell_specific",
    },
    "human": {
        "HepG2-ChIP-seq": "chip_cell_specific",
        "Non-specific-ChIP-seq": "chip_non_specific",
        "STRING": "string",
    },
}


@pytest.fixture
def folder(tmp_path):
    """BEELINE's layout: 60 genes, of which the last four have no p-value and two more no expression."""
    rng = np.random.default_rng(0)
    expression = pd.DataFrame(rng.poisson(1.0, (N_GENES, N_CELLS)) / 2, index=GENES, columns=CELLS)
    names = [*GENES[:-4], "NotExpressed0", "NotExpressed1"]
    ordering = pd.DataFrame(
        # 0.01 / 56 = 1.79e-4, between two of these; 0.01 / 58 = 1.72e-4 as well
        {"VGAMpValue": rng.choice([1e-20, 1.75e-4, 2e-4, 0.5], len(names)), "Variance": rng.random(len(names))},
        index=names,
    )
    ordering.loc[["Gene4", "Gene21"], "VGAMpValue"] = 1e-20
    for line in ("mESC", "hHep", "mHSC-GM"):
        inputs = tmp_path / "inputs" / "scRNA-Seq" / line
        inputs.mkdir(parents=True)
        expression.to_csv(inputs / "ExpressionData.csv")
        ordering.to_csv(inputs / "GeneOrdering.csv")
    pd.DataFrame({"PseudoTime": np.arange(N_CELLS)[::-1]}, index=CELLS[::-1]).to_csv(
        tmp_path / "inputs" / "scRNA-Seq" / "mESC" / "PseudoTime.csv"
    )
    for species, networks in NETWORKS.items():
        # Gene21 has a target and is no listed factor; names of another case are other names
        factors = [*GENES[::4][:12], "GENE1", "NotHere"]
        pd.DataFrame({"TF": factors, "Sources": "RegNetwork|TRRUST"}).to_csv(
            tmp_path / f"{species}-tfs.csv", index=False
        )
        (tmp_path / "Networks" / species).mkdir(parents=True)
        for name in networks:
            edges = pd.DataFrame({"Gene1": rng.choice(factors, 300), "Gene2": rng.choice([*GENES, "gene5"], 300)})
            edges = pd.concat([edges, edges[:40], pd.DataFrame({"Gene1": ["Gene21"], "Gene2": ["Gene4"]})])
            edges.to_csv(tmp_path / "Networks" / species / f"{name}-network.csv", index=False)
    return tmp_path


def chosen(folder, line, n_genes, factors):
    """The rule, gene by gene."""
    inputs = folder / "inputs" / "scRNA-Seq" / line
    expressed = set(pd.read_csv(inputs / "ExpressionData.csv", index_col=0).index)
    rows = [row for row in pd.read_csv(inputs / "GeneOrdering.csv").itertuples(index=False) if row[0] in expressed]
    varying = [(variance, gene) for gene, p, variance in rows if p * len(rows) < 0.01]
    others = sorted((pair for pair in varying if pair[1] not in factors), reverse=True)[:n_genes]
    return {gene for _, gene in varying if gene in factors} | {gene for _, gene in others}


@pytest.mark.parametrize("line", ["mESC", "hHep", "mHSC-GM"])
@pytest.mark.parametrize("n_genes", [0, 7, 500])
def test_genes_cells_and_networks(folder, line, n_genes):
    adata = datasets.beeline(line.upper(), n_genes, path=folder)
    species = "human" if line == "hHep" else "mouse"
    factors = set(pd.read_csv(folder / f"{species}-tfs.csv")["TF"])
    genes = chosen(folder, line, n_genes, factors)
    assert set(adata.var_names) == genes
    assert adata.var_names.tolist() == [gene for gene in GENES if gene in genes]
    expression = pd.read_csv(folder / "inputs" / "scRNA-Seq" / line / "ExpressionData.csv", index_col=0)
    np.testing.assert_allclose(adata.X.toarray(), expression.loc[adata.var_names].T)
    assert (adata.X.format, adata.X.dtype) == ("csr", np.float32)
    assert adata.obs_names.tolist() == CELLS

    prefix = {"hHep": "HepG2", "mESC": "mESC", "mHSC-GM": "mHSC"}[line]
    expected = {
        key: name for name, key in NETWORKS[species].items() if key != "chip_cell_specific" or name.startswith(prefix)
    }
    if line != "mESC":
        expected.pop("loss_gain_of_function", None)
    assert set(adata.varp) == set(expected)
    sources = set()
    for key, name in expected.items():
        table = pd.read_csv(folder / "Networks" / species / f"{name}-network.csv")
        edges = {(a, b) for a, b in table.itertuples(index=False) if a in genes and b in genes and a != b}
        rows, columns = adata.varp[key].nonzero()
        assert set(zip(adata.var_names[rows], adata.var_names[columns], strict=True)) == edges
        assert len(rows) == len(edges)
        assert (adata.varp[key].data == 1).all()
        sources |= {a for a, _ in edges}
    assert set(adata.var_names[adata.var["is_regulator"]]) == genes & (factors | sources)


def test_what_the_rule_needs_to_tell_apart_is_in_the_data(folder):
    """The folder has genes on both sides of every cut, or the test above would pass for a wrong rule."""
    factors = set(pd.read_csv(folder / "mouse-tfs.csv")["TF"])
    genes = chosen(folder, "mESC", 7, factors)
    assert len(genes - factors) == 7 < len(chosen(folder, "mESC", 500, factors) - factors) < 40
    assert 3 < len(genes & factors) < 11
    ordering = pd.read_csv(folder / "inputs" / "scRNA-Seq" / "mESC" / "GeneOrdering.csv", index_col=0)
    assert (ordering.loc[[*genes], "VGAMpValue"] == 1.75e-4).any()
    adata = datasets.beeline("mESC", path=folder)
    assert adata.var["is_regulator"].sum() == adata.var_names.isin(factors).sum() + 1


def test_pseudotime_is_that_of_the_cell(folder):
    assert datasets.beeline("mESC", path=folder).obs["PseudoTime"].tolist() == list(range(N_CELLS))
    assert datasets.beeline("hHep", path=folder).obs.empty


def test_model_reads_it(folder):
    adata = datasets.beeline("mESC", path=folder)
    adata.varp["known_interactions"] = adata.varp["string"].copy()
    InfoSEM.setup_anndata(adata)
    assert InfoSEM(adata).regulator_names == adata.var_names[adata.var["is_regulator"]].tolist()


def test_bad_input(folder):
    with pytest.raises(ValueError, match=r"'K562'.*hESC, hHep"):
        datasets.beeline("K562", path=folder)
    with pytest.raises(ValueError, match="n_genes=-1"):
        datasets.beeline("mESC", -1, path=folder)
    with pytest.raises(FileNotFoundError, match=r"scRNA-Seq/mDC/ExpressionData.csv is not in.*mouse}-tfs.csv"):
        datasets.beeline("mDC", path=folder)
    (folder / "mouse-tfs.csv").unlink()
    with pytest.raises(FileNotFoundError, match="^mouse-tfs.csv"):
        datasets.beeline("mESC", path=folder)
    ordering = folder / "inputs" / "scRNA-Seq" / "hHep" / "GeneOrdering.csv"
    pd.read_csv(ordering, index_col=0).rename(columns={"Variance": "var"}).to_csv(ordering)
    with pytest.raises(ValueError, match=r"\['Variance'\]"):
        datasets.beeline("hHep", path=folder)


@pytest.fixture
def archives(folder):
    """The two archives as they are published: the data in a folder, the networks not."""
    packed = {}
    for name, parent in (("BEELINE-data.zip", "BEELINE-data/"), ("BEELINE-Networks.zip", "")):
        files = [f for f in folder.rglob("*.csv") if ("inputs" in f.parts) == bool(parent)]
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"{parent}{file.relative_to(folder)}")
        packed[name] = (folder / name).read_bytes()
        (folder / name).unlink()
    return packed


class TestDownload:
    @pytest.fixture
    def options(self, tmp_path):
        return {"cache": tmp_path / "cache", "progress": False}

    def test_once(self, folder, archives, options, monkeypatch):
        asked = []

        def answer(request):
            asked.append(request.path)
            reply(request, archives[request.path.removeprefix("/files/")])

        with serve(answer) as address:
            monkeypatch.setattr(_beeline, "ARCHIVE", f"{address}/files/")
            adata = datasets.beeline("mESC", **options)
            assert asked == ["/files/BEELINE-data.zip", "/files/BEELINE-Networks.zip"]
            datasets.beeline("hHep", **options)
            assert len(asked) == 2
        local = datasets.beeline("mESC", path=folder)
        assert adata.var.equals(local.var)
        assert adata.obs.equals(local.obs)
        assert (adata.X != local.X).nnz == 0
        assert all((adata.varp[key] != local.varp[key]).nnz == 0 for key in local.varp)

    def test_an_interrupted_download_leaves_nothing_half(self, archives, options, monkeypatch):
        broken = {"BEELINE-Networks.zip"}

        def answer(request):
            name = request.path.strip("/")
            content = archives[name]
            length = {"Content-Length": str(len(content))}
            reply(request, content[: len(content) // 2] if name in broken else content, headers=length)
            request.close_connection = True

        with serve(answer) as address:
            monkeypatch.setattr(_beeline, "ARCHIVE", f"{address}/")
            with pytest.raises(OSError, match=r"BEELINE-Networks.zip could not be downloaded.*zenodo.*cache.*path="):
                datasets.beeline("mESC", **options)
            assert [file.name for file in options["cache"].iterdir()] == ["BEELINE-data.zip"]
            broken.clear()
            assert datasets.beeline("mESC", **options).n_obs == N_CELLS

    def test_not_there(self, options, monkeypatch):
        with serve(lambda request: reply(request, b"", status=404)) as address:
            monkeypatch.setattr(_beeline, "ARCHIVE", f"{address}/")
            with pytest.raises(OSError, match=r"BEELINE-data.zip could not be downloaded.*404.*path="):
                datasets.beeline("mESC", **options)
        with pytest.raises(OSError, match=r"could not be downloaded.*BEELINE-Networks.zip of https://doi.org"):
            datasets.beeline("mESC", **options)  # the server is gone

    @pytest.mark.parametrize("damage", ["page", "content"])
    def test_damage(self, archives, options, monkeypatch, damage):
        def answer(request):
            content = archives[request.path.strip("/")]
            middle = len(content) // 3
            damaged = content[:middle] + bytes(64) + content[middle + 64 :]
            reply(request, damaged if damage == "content" else b"<html>Log in first</html>")

        with serve(answer) as address:
            monkeypatch.setattr(_beeline, "ARCHIVE", f"{address}/")
            with pytest.raises(OSError, match=r"damaged or not an archive.*Delete BEELINE-data.zip"):
                datasets.beeline("mESC", **options)
