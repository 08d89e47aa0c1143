"""Interventions against dense float64 algebra, finite differences of the structural equations, and known signs."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import torch
from scipy import sparse

from infosem import InfoSEM, datasets, tl
from infosem.module._sem import spectral_radius, total_effects
from infosem.train import EqualEffects

from .conftest import QUIET


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """The folder of a model whose effects settle."""
    cells = datasets.simulate(120, 24, 6, seed=0)
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    model.train(**QUIET)
    assert model.get_spectral_radius() < 0.95
    folder = tmp_path_factory.mktemp("perturb") / "model"
    model.save(folder)
    return folder


@pytest.fixture
def model(trained_once, cells):
    """That model, with cells of its own."""
    return InfoSEM.load(trained_once, adata=cells, accelerator="cpu")


def full_adjacency(model):
    genes = model.gene_names
    return model.get_adjacency().reindex(genes, fill_value=0.0).to_numpy().astype(np.float64)


@pytest.mark.parametrize("held", [0, 3])
def test_total_effects_solve_the_equations_of_a_gene_that_is_held(held):
    rng = np.random.default_rng(0)
    regulators, n_genes = [1, 4, 7, 8], 12
    adjacency = 0.3 * rng.standard_normal((4, n_genes))
    adjacency[np.arange(4), regulators] = 0
    full = np.zeros((n_genes, n_genes))
    full[regulators] = adjacency
    noise, gene = rng.standard_normal(n_genes), regulators[held]

    def solve(value):
        """Gene by gene, by iteration, with the gene held at a value."""
        h = np.zeros(n_genes)
        for _ in range(500):
            h = noise + h @ full
            h[gene] = value
        return h

    found = total_effects(torch.tensor(adjacency), torch.tensor(regulators), held)
    np.testing.assert_allclose(found, (solve(2.5) - solve(-1.0)) / 3.5, atol=1e-10)
    radius = np.abs(np.linalg.eigvals(full)).max()
    assert spectral_radius(torch.tensor(adjacency), torch.tensor(regulators)) == pytest.approx(radius)


def test_effects_of_a_model(model):
    full, gene = full_adjacency(model), 2
    others = np.delete(np.arange(len(full)), gene)
    among = full[np.ix_(others, others)]
    expected = full[gene, others] @ np.linalg.inv(np.eye(len(others)) - among)
    name = model.gene_names[gene]
    found = model.get_total_effects(name)
    np.testing.assert_allclose(found.to_numpy()[others], expected, atol=1e-6)
    assert found[name] == 1
    assert model.get_spectral_radius(name) == pytest.approx(np.abs(np.linalg.eigvals(among)).max(), abs=1e-5)
    direct = model.get_total_effects(name, propagation="direct")
    np.testing.assert_allclose(direct.to_numpy()[others], full[gene, others], atol=1e-7)


@pytest.mark.parametrize(
    ("change", "new"), [({"to": 0.0}, lambda x: 0 * x), ({"fold": 2.0}, lambda x: np.log1p(2 * np.expm1(x)))]
)
def test_shift_of_each_cell_is_decoded(model, cells, change, new):
    gene, name = 2, model.gene_names[2]
    found = model.get_intervention_shift(name, indices=[5, 0, 9], **change)
    x = torch.tensor(cells.X.toarray()[[5, 0, 9]], dtype=torch.float64)
    module = model.module.double()
    held = x.clone()
    held[:, gene] = torch.tensor(new(x[:, gene].numpy()))
    denoiser = module.denoiser
    with torch.no_grad():
        mean, sd = module.standardiser.mean, module.standardiser.sd
        z, alone = (((v - mean) / sd).clamp(-10, 10) for v in (x, held))
        z = torch.where(x != 0, z, 0)  # of these cells, values are lost at random
        smoother = (
            denoiser.own_share * torch.eye(x.shape[1]) + (denoiser.loadings * denoiser.gains) @ denoiser.loadings.T
        )
        h = module.encoder(z @ smoother / denoiser.sd)[0]
        changed = module.encoder(alone.clamp(-3, 3) / denoiser.sd)[0]
        effects = torch.tensor(model.get_total_effects(name).to_numpy(), dtype=torch.float64)
        moved = h + (changed - h)[:, [gene]] * effects
        before, after = ((module.decoder(state)[0] * denoiser.sd * sd + mean).clamp_min(0) for state in (h, moved))
    expected = after - before
    expected[:, gene] = (held - x)[:, gene]  # it is held, whatever is measured
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert found.index.tolist() == cells.obs_names[[5, 0, 9]].tolist()
    assert found.abs().max().max() > 1e-4


def test_written_to_anndata(model, cells):
    table = tl.perturb(cells, "TF1", model=model)
    shift = pd.DataFrame(cells.layers["perturbation"], cells.obs_names, cells.var_names)
    pd.testing.assert_frame_equal(shift, model.get_intervention_shift("TF1", to=0))
    assert "TF1" not in table.index
    np.testing.assert_allclose(table["shift"], shift.mean()[table.index], rtol=1e-5)
    assert table["shift"].abs().is_monotonic_decreasing
    assert cells.uns["perturbation"]["gene"] == "TF1"
    assert cells.uns["perturbation"]["to"] == 0
    other = cells[:50].copy()
    tl.perturb(other, "TF1", model=model, fold=0.0, key_added="fold")
    np.testing.assert_allclose(other.layers["fold"], shift[:50], atol=1e-6)


def test_effects_that_would_not_settle_are_damped(cells):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, preset="paper", start=EqualEffects(total=3.0))
    model.train(max_epochs=1, **QUIET)
    full, name, others = full_adjacency(model), model.gene_names[0], np.arange(1, 24)
    among = full[np.ix_(others, others)]
    radius = np.abs(np.linalg.eigvals(among)).max()
    assert radius > 1
    damping = 0.95 / radius
    expected = damping * full[0, others] @ np.linalg.inv(np.eye(len(others)) - damping * among)
    found = model.get_total_effects(name).to_numpy()[others]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    tl.perturb(cells, name, model=model, propagation="direct", fold=2.0)
    assert cells.uns["perturbation"]["propagation"] == "direct"


def test_the_papers_model_of_non_zero_values_does_not_know_what_a_zero_means(cells):
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells, preset="paper")
    model.train(max_epochs=2, **QUIET)
    for change in ({"to": 0}, {"to": 1.0}, {"fold": 0}):
        with pytest.raises(ValueError, match=r"preset='paper'.*InfoSEM\(adata\)"):
            tl.perturb(cells, "TF0", model=model, propagation="direct", **change)
    tl.perturb(cells, "TF0", model=model, propagation="direct", fold=2.0)
    not_expressed = cells.X[:, 0].toarray().ravel() == 0
    assert not_expressed.any()
    assert not cells.layers["perturbation"][not_expressed].any()
    assert cells.layers["perturbation"][~not_expressed].any()


@pytest.mark.parametrize(
    ("gene", "change", "message"),
    [
        ("gene3", {"to": 0}, "'gene3' has no targets.*TF0"),
        ("nothing", {"to": 0}, "'nothing' is not among the genes"),
        ("TF0", {"to": 1, "fold": 2}, "one of the two"),
        ("TF0", {"fold": -1}, "fold=-1"),
        ("TF0", {"to": 0, "propagation": "all"}, "propagation='all'.*steady-state"),
    ],
)
def test_errors(model, cells, gene, change, message):
    with pytest.raises(ValueError, match=message):
        tl.perturb(cells, gene, model=model, **change)


def embedded():
    """Cells on a grid; their expression is their place, and the shift points to the right."""
    place = np.array([(x, y) for x in range(8) for y in range(8)], dtype=float)
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((6, 2)) - rng.standard_normal((6, 2)).mean(0))[0]
    axes = np.linalg.qr(axes - axes.mean(0))[0]
    adata = ad.AnnData(sparse.csr_matrix(place @ axes.T + 5))
    adata.obsm["X_umap"] = place
    adata.layers["perturbation"] = np.tile(axes[:, 0], (64, 1))
    sc.pp.neighbors(adata, n_neighbors=6, use_rep="X_umap")
    return adata


def test_arrows_point_where_the_shift_does():
    adata = embedded()
    tl.project_shift(adata)
    arrows = adata.obsm["perturbation_umap"]
    inside = (adata.obsm["X_umap"][:, 0] > 0) & (adata.obsm["X_umap"][:, 0] < 7)
    assert (arrows[inside, 0] > 0.3).all()
    np.testing.assert_allclose(arrows[inside].mean(0)[1], 0, atol=0.1)
    assert np.linalg.norm(arrows, axis=1).max() <= 2


def test_arrow_of_one_cell_by_hand():
    adata = embedded()
    adata.layers["perturbation"][0] = 0
    tl.project_shift(adata, temperature=0.2)
    arrows, cell = adata.obsm["perturbation_umap"], 27
    assert not arrows[0].any()
    neighbours = adata.obsp["connectivities"][cell].nonzero()[1]
    x, e = adata.X.toarray(), adata.obsm["X_umap"]
    correlation = [np.corrcoef(adata.layers["perturbation"][cell], x[k] - x[cell])[0, 1] for k in neighbours]
    p = np.exp(np.array(correlation) / 0.2)
    unit = (e[neighbours] - e[cell]) / np.linalg.norm(e[neighbours] - e[cell], axis=1, keepdims=True)
    np.testing.assert_allclose(arrows[cell], (p / p.sum() - 1 / len(p)) @ unit, atol=1e-8)


def test_missing_parts_are_named():
    adata = embedded()
    with pytest.raises(KeyError, match="'other' is not in adata.layers"):
        tl.project_shift(adata, key="other")
    with pytest.raises(KeyError, match="'X_pca' is not in adata.obsm"):
        tl.project_shift(adata, basis="pca")
    del adata.obsp["connectivities"]
    with pytest.raises(KeyError, match=r"'connectivities' is not in adata.obsp.*scanpy.pp.neighbors"):
        tl.project_shift(adata)


@pytest.mark.parametrize("name", ["VSC", "HSC"])
def test_signs_on_a_curated_network(real_data, name):
    adata = ad.read_h5ad(real_data / "curated" / f"{name}.h5ad")
    adata.X = np.asarray(adata.X.todense() if sparse.issparse(adata.X) else adata.X)
    truth = adata.varp["truth"]
    truth = np.array(truth.todense() if sparse.issparse(truth) else truth, dtype=float)
    np.fill_diagonal(truth, 0)
    InfoSEM.setup_anndata(adata, regulator_key=None)
    model = InfoSEM(adata)
    model.train(**QUIET)
    shift = np.stack([model.get_intervention_shift(gene, to=0).mean() for gene in adata.var_names])
    true = truth != 0
    # a knock-out takes the effect away
    assert (np.sign(shift[true]) == -np.sign(truth[true])).mean() > 0.85
