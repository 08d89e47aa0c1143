"""A network out of AnnData, and over to other packages."""

from __future__ import annotations

import anndata
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from infosem import InfoSEM, get, train_ensemble

from .conftest import KNOWLEDGE, QUIET


@pytest.fixture
def edges(trained):
    return trained.get_edges(top=30)


def round_trip(adata, kind, folder):
    if kind == "h5ad":
        adata.write_h5ad(folder / "cells.h5ad")
        return anndata.read_h5ad(folder / "cells.h5ad")
    if kind == "zarr":
        adata.write_zarr(folder / "cells.zarr")
        return anndata.read_zarr(folder / "cells.zarr")
    return adata


@pytest.mark.parametrize("kind", ["memory", "h5ad", "zarr"])
def test_the_table_is_that_of_the_model(trained, cells, tmp_path, kind):
    trained.write_network()
    back = round_trip(cells, kind, tmp_path)
    pd.testing.assert_frame_equal(get.network(back), trained.get_edges())
    least = trained.get_edges(top=20)["weight"].abs().min()
    pd.testing.assert_frame_equal(get.network(back, top=20), get.network(back, min_weight=least))


@pytest.mark.parametrize("kind", ["memory", "h5ad", "zarr"])
@pytest.mark.parametrize("knows", ["nothing", "interactions"])
def test_the_table_is_that_of_the_ensemble(cells, tmp_path, kind, knows):
    InfoSEM.setup_anndata(cells, **KNOWLEDGE[knows])
    ensemble = train_ensemble(cells, 3, train_kwargs={"max_epochs": 2, **QUIET}, progress=False)
    ensemble.write_network(cells, key_added="grn")
    back = round_trip(cells, kind, tmp_path)
    pd.testing.assert_frame_equal(get.network(back, "grn"), ensemble.get_edges())
    stable = get.network(back, "grn", min_stability=0.6)
    pd.testing.assert_frame_equal(stable, ensemble.get_edges(min_stability=0.6))
    assert 0 < len(stable) < len(ensemble.get_edges())


def test_all_genes_as_regulators_and_genes_in_another_order(cells):
    InfoSEM.setup_anndata(cells, regulator_key=None)
    model = InfoSEM(cells)
    model.train(max_epochs=2, **QUIET)
    other = cells[:, ::-1].copy()
    model.write_network(other)
    expected, found = (
        table.set_index(["source", "target"]).sort_index()[["weight", "sign"]]
        for table in (model.get_edges(), get.network(other))
    )
    pd.testing.assert_frame_equal(found, expected)


def test_genes_that_are_left(trained, cells):
    trained.write_network()
    some = cells[:, cells.var_names[2:20]].copy()
    edges = trained.get_edges()
    expected = edges[edges["source"].isin(some.var_names) & edges["target"].isin(some.var_names)]
    found = get.network(some)
    pd.testing.assert_frame_equal(found.drop(columns="rank"), expected.drop(columns="rank").reset_index(drop=True))
    assert found["rank"].tolist() == list(range(1, len(found) + 1))


def test_probable_edges(trained, cells):
    trained.write_network()
    edges = trained.get_edges()
    least = edges["probability"].median()
    assert set(get.network(cells, min_probability=least).index) == set(range((edges["probability"] >= least).sum()))


def test_errors_name_what_is_there(trained, cells):
    trained.write_network(key_added="grn")
    with pytest.raises(KeyError, match=r"'infosem'.*\['grn'\].*write_network"):
        get.network(cells)
    renamed = cells.copy()
    renamed.var_names = [f"other{i}" for i in range(24)]
    with pytest.raises(ValueError, match="TF0, TF1, TF2.*renamed"):
        get.network(renamed, "grn")
    with pytest.raises(ValueError, match="train_ensemble"):
        get.network(cells, "grn", min_stability=0.5)
    with pytest.raises(ValueError, match="min_probability=2"):
        get.network(cells, "grn", min_probability=2)
    with pytest.raises(TypeError, match="AnnData"):
        get.to_networkx(cells)
    with pytest.raises(ValueError, match="weight"):
        get.to_decoupler(pd.DataFrame({"source": ["a"], "target": ["b"]}))


def test_decoupler_gets_no_edge_without_a_sign(caplog):
    edges = pd.DataFrame({"source": "A", "target": ["x", "y", "z"], "weight": [3.0, 2.0, -1.0], "sign": [1, 0, -1]})
    with caplog.at_level("INFO", logger="infosem"):
        net = get.to_decoupler(edges)
    assert net["target"].tolist() == ["x", "z"]
    assert "1 of 3 edges" in caplog.text
    assert len(get.to_decoupler(edges.drop(columns="sign"))) == 3


def test_networkx(edges):
    graph = get.to_networkx(edges)
    assert graph.number_of_edges() == 30
    first = edges.iloc[0]
    assert graph.edges[first.source, first.target]["weight"] == first.weight
    assert graph.edges[first.source, first.target]["probability"] == first.probability
    assert {node for node, is_regulator in graph.nodes("is_regulator") if is_regulator} == set(edges["source"])


def test_igraph(edges):
    graph = get.to_igraph(edges)
    assert graph.is_directed()
    names = graph.vs["name"]
    found = pd.DataFrame(
        {
            "source": [names[edge.source] for edge in graph.es],
            "target": [names[edge.target] for edge in graph.es],
            **{name: graph.es[name] for name in edges.columns[2:]},
        }
    )
    pd.testing.assert_frame_equal(found, edges, check_dtype=False)
    assert {vertex["name"] for vertex in graph.vs if vertex["is_regulator"]} == set(edges["source"])


def test_pyscenic_has_no_sign(edges):
    table = get.to_pyscenic(edges.sample(frac=1, random_state=0))
    assert list(table) == ["TF", "target", "importance"]
    np.testing.assert_array_equal(table["importance"], edges["weight"].abs())
    assert table["TF"].tolist() == edges["source"].tolist()


def test_decoupler_infers_activities_from_it(trained, cells):
    import decoupler

    trained.write_network()
    net = get.to_decoupler(get.network(cells))
    decoupler.mt.ulm(cells, net, tmin=3)
    activity = pd.DataFrame(cells.obsm["score_ulm"])
    n_targets = net["source"].value_counts()
    assert set(activity.columns) == set(n_targets.index[n_targets >= 3])
    # a univariate linear model: the t-value of expression over the targets' weights, across all genes
    weights = net[net["source"] == "TF0"].set_index("target")["weight"].reindex(cells.var_names, fill_value=0)
    r = np.corrcoef(cells.X[3].toarray().ravel(), weights)[0, 1]
    assert activity.loc[cells.obs_names[3], "TF0"] == pytest.approx(r * np.sqrt(22 / (1 - r**2)), rel=1e-3)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "a.CSV.GZ", "a.parquet", "a.graphml", "a.graphml.gz"])
def test_files(edges, tmp_path, name):
    get.write(edges, tmp_path / name)
    assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == name.lower().endswith(".gz")
    if "graphml" in name:
        back = nx.to_pandas_edgelist(nx.read_graphml(tmp_path / name))
        back = back.sort_values("rank", ignore_index=True)[list(edges)]
    elif name.endswith("parquet"):
        back = pd.read_parquet(tmp_path / name)
    else:
        back = pd.read_csv(tmp_path / name, sep="," if "csv" in name.lower() else "\t")
    pd.testing.assert_frame_equal(back, edges, check_dtype=False, rtol=1e-5)


def test_a_compressed_file_is_the_same_each_time_and_holds_its_own_name(edges, tmp_path):
    contents = []
    for _ in range(2):
        get.write(edges, tmp_path / "edges.csv.gz")
        contents.append((tmp_path / "edges.csv.gz").read_bytes())
    assert contents[0] == contents[1]
    assert contents[0][10:20] == b"edges.csv\x00"


def test_parquet_is_not_compressed_again(edges, tmp_path):
    with pytest.raises(ValueError, match=r"'a.parquet.gz'.*Name it 'a.parquet'"):
        get.write(edges, tmp_path / "a.parquet.gz")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "a.parquet", "a.graphml", "a.graphml.gz"])
def test_what_fails_leaves_the_old_file_and_nothing_else(edges, tmp_path, monkeypatch, name):
    path = tmp_path / name
    get.write(edges, path)
    before = path.read_bytes()

    def half_a_file(self, file, **options):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half_a_file)
    monkeypatch.setattr(pd.DataFrame, "to_parquet", half_a_file)
    monkeypatch.setattr(nx, "write_graphml", half_a_file)
    with pytest.raises(OSError, match="No space left"):
        get.write(edges, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(edges, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.*Create it first"):
        get.write(edges, tmp_path / "nowhere" / "a.csv")


def test_a_format_that_is_not_known(edges, tmp_path):
    with pytest.raises(ValueError, match=r"'a.xlsx'.*\.graphml"):
        get.write(edges, tmp_path / "a.xlsx")
