"""The ELBO, term by term, against a dense computation in numpy; its gradient against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from infosem.data._moments import Standardisation
from infosem.module import (
    FixedLatent,
    Gaussian,
    GeneData,
    InfoSEMModule,
    LaplacePrior,
    LearnedLatent,
    LowRankEdges,
    NormalPrior,
    ScalarNetworks,
    Standardiser,
    TextPrior,
)
from infosem.statistics._centring import centre_embeddings

ALPHA, BETA, TEXT_WEIGHT, COEFFICIENT_SD, LABEL_WEIGHT, LATENT_SD = 0.7, 0.3, 20.0, 0.5, 0.4, 1.3
PRIORS = {
    "laplace": LaplacePrior(weight=ALPHA),
    "embedding": TextPrior(weight=TEXT_WEIGHT, coefficient_sd=COEFFICIENT_SD),
    "interactions": NormalPrior(weight=ALPHA),
    "embedding+interactions": TextPrior(weight=TEXT_WEIGHT, coefficient_sd=COEFFICIENT_SD),
}
LATENT = {"learned": LearnedLatent(kl_weight=BETA), "fixed": FixedLatent(kl_weight=BETA, sd=LATENT_SD)}


def build(prior, *, n_genes, masked, mask_zeros=True, variance="unit", latent="learned", seed=0):
    """A module in float64 with random parameters, and a batch of expression."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    x = rng.gamma(2.0, size=(7, n_genes)) * (rng.random((7, n_genes)) > 0.3)
    x[:, -1] = 0  # a gene that does not vary
    regulators = np.array([0, 2, n_genes - 2]) if masked else np.arange(n_genes)
    varies = x.std(0) > 0
    embeddings = rng.normal(size=(n_genes, 4))
    embeddings[1] = np.nan
    n_observed = 4
    pairs = np.stack([np.arange(n_observed) % len(regulators), (np.arange(n_observed) + 1) % n_genes])
    genes = GeneData(
        names=[f"gene{j}" for j in range(n_genes)],
        varies=torch.tensor(varies),
        regulators=torch.tensor(regulators),
        n_counted=int((x != 0).sum()) if mask_zeros else x.size,
        embeddings=centre_embeddings(torch.tensor(embeddings)),
        pairs=torch.tensor(pairs),
        is_edge=torch.tensor([True, False, True, False]),
    )
    location, scale = rng.uniform(0.5, 1.5, (2, n_genes))
    module = InfoSEMModule(
        genes,
        Standardiser(Standardisation(location, scale, genes.n_counted)),
        n_cells=len(x),
        prior=PRIORS[prior],
        low_rank=LowRankEdges(rank=3, weight=LABEL_WEIGHT) if "interactions" in prior else None,
        likelihood=Gaussian(mask_zeros=mask_zeros, variance=variance),
        latent=LATENT[latent],
        networks=ScalarNetworks(n_hidden=5, evaluation="exact", denoise=False),
        initial_effect=1.0,
    ).double()
    for parameter in module.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return module, genes, x, embeddings


def dense_terms(module, genes, x, embeddings, z, *, prior, mask_zeros, variance, latent):
    """Minus log likelihood and KL per cell and log p(A), from formulas alone, on full G x G matrices."""
    G, N = x.shape[1], len(x)
    regulators = genes.regulators.numpy()
    state = {name: value.detach().numpy() for name, value in module.state_dict().items()}

    possible = np.zeros((G, G), bool)
    possible[regulators] = True
    np.fill_diagonal(possible, False)
    possible[~genes.varies.numpy()] = False
    possible[:, ~genes.varies.numpy()] = False
    effect = np.zeros((G, G))
    effect[regulators] = state["adjacency.free_effect"]
    effect *= possible
    A, logits = effect, None
    if "interactions" in prior:
        logits = state["adjacency.regulator_factors"] @ state["adjacency.target_factors"].T
        probability = np.zeros((G, G))
        probability[regulators] = 1 / (1 + np.exp(-logits))
        A = effect * probability
    matrix = np.eye(G) - A

    def network(name, values):
        w1, b1, w2, b2, w3, b3 = (
            state[f"{name}.layers.{k}"] for k in ("0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias")
        )
        return np.stack([[w3 @ np.tanh(w2 @ np.tanh(w1[:, 0] * v + b1) + b2) + b3 for v in row] for row in values])

    standardised = np.clip((x - state["standardiser.mean"]) / state["standardiser.sd"], -10, 10)
    encoded = network("encoder", standardised)
    q_mean, q_log_variance = encoded[..., 0] @ matrix, encoded[..., 1] @ matrix
    if latent == "learned":
        p_mean, p_log_variance = state["latent.mean"] @ matrix, state["latent.log_variance"] @ matrix
    else:
        p_mean, p_log_variance = np.zeros(G), np.full(G, 2 * np.log(LATENT_SD))
    kl = 0.5 * (
        np.exp(q_log_variance - p_log_variance)
        + (q_mean - p_mean) ** 2 / np.exp(p_log_variance)
        - 1
        + p_log_variance
        - q_log_variance
    )
    decoded = network("decoder", z @ np.linalg.inv(matrix))
    sd = np.exp(decoded[..., 1] / 2) if variance == "learned" else 1.0
    log_likelihood = stats.norm(decoded[..., 0], sd).logpdf(standardised)
    counted = x != 0 if mask_zeros else np.ones_like(x, bool)
    M = counted.sum()

    P = possible.sum()
    if "embedding" in prior:
        missing = np.isnan(embeddings).any(1)
        h = embeddings - embeddings[~missing].mean(0)
        h[missing] = 0
        h /= np.sqrt((h[~missing] ** 2).sum(1).mean())
        w1, w2 = state["effect_prior.regulator_coefficients"], state["effect_prior.target_coefficients"]
        mean = state["effect_prior.intercept"] + (h @ w1)[:, None] + (h @ w2)[None, :]
        log_prior = stats.norm(mean, np.sqrt(P / (TEXT_WEIGHT * M))).logpdf(effect)[possible].sum()
        log_prior += stats.norm(0, COEFFICIENT_SD).logpdf(np.concatenate([w1, w2])).sum()
    elif "interactions" in prior:
        log_prior = stats.norm(0, np.sqrt(P / (ALPHA * M))).logpdf(effect)[possible].sum()
    else:
        log_prior = stats.laplace(0, 2 * P / (ALPHA * M)).logpdf(effect)[possible].sum()
    if "interactions" in prior:
        rows, columns = genes.pairs.numpy()
        label = np.where(genes.is_edge.numpy(), 0.95, 0.05)
        scale = np.sqrt(len(rows) / (LABEL_WEIGHT * M))
        log_prior += stats.norm(np.log(label / (1 - label)), scale).logpdf(logits[rows, columns]).sum()

    kl_weight = BETA * M / (2 * N * G)
    return -(log_likelihood * counted).sum(1), kl_weight * kl.sum(1), log_prior, M


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("n_genes", [6, 15, 50])
@pytest.mark.parametrize(
    ("mask_zeros", "variance", "latent"),
    [(True, "unit", "learned"), (False, "learned", "fixed")],
)
def test_elbo_term_by_term(prior, masked, n_genes, mask_zeros, variance, latent):
    how = {"mask_zeros": mask_zeros, "variance": variance, "latent": latent}
    module, genes, x, embeddings = build(prior, n_genes=n_genes, masked=masked, **how)
    tensors = {"X": torch.tensor(x)}
    inference = module.inference(tensors)
    output = module.loss(tensors, inference, module.generative(inference["z"], inference["adjacency"].weights))
    z = inference["z"].detach().numpy()
    misfit, kl, log_prior, M = dense_terms(module, genes, x, embeddings, z, prior=prior, **how)

    np.testing.assert_allclose(output.reconstruction_loss["reconstruction_loss"].detach(), misfit, rtol=1e-7)
    np.testing.assert_allclose(output.kl_local["kl_local"].detach(), kl, rtol=1e-7)
    np.testing.assert_allclose(-output.kl_global_sum, log_prior, rtol=1e-6)

    elbo = -misfit.sum() - kl.sum() + log_prior
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    inference = module.inference(tensors)
    moved = module.loss(tensors, inference, module.generative(inference["z"], inference["adjacency"].weights))
    z = inference["z"].detach().numpy()
    misfit, kl, log_prior, _ = dense_terms(module, genes, x, embeddings, z, prior=prior, **how)
    moved_elbo = -misfit.sum() - kl.sum() + log_prior
    # the loss is -2/M times the ELBO up to a constant, so differences agree
    np.testing.assert_allclose((moved.loss - output.loss).item(), -2 / M * (moved_elbo - elbo), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("masked", [False, True])
def test_gradient_against_finite_differences(prior, masked):
    module, _, x, _ = build(prior, n_genes=6, masked=masked, variance="learned")
    tensors = {"X": torch.tensor(x)}

    def loss():
        torch.manual_seed(1)
        inference = module.inference(tensors)
        return module.loss(tensors, inference, module.generative(inference["z"], inference["adjacency"].weights)).loss

    module.zero_grad()
    loss().backward()
    rng = np.random.default_rng(0)
    for name, parameter in module.named_parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        for index in rng.choice(len(flat), min(4, len(flat)), replace=False):
            before = flat[index].item()
            step = 1e-5
            with torch.no_grad():
                flat[index] = before + step
                up = loss().item()
                flat[index] = before - step
                down = loss().item()
                flat[index] = before
            assert gradient[index].item() == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-8), name


@pytest.mark.parametrize("prior", PRIORS)
def test_pairs_that_cannot_be_edges_have_weight_zero_and_no_gradient(prior):
    module, genes, x, _ = build(prior, n_genes=6, masked=True)
    tensors = {"X": torch.tensor(x)}
    inference = module.inference(tensors)
    module.loss(tensors, inference, module.generative(inference["z"], inference["adjacency"].weights)).loss.backward()
    regulators = genes.regulators
    adjacency, gradient = module.adjacency().weights.detach(), module.adjacency.free_effect.grad
    for values in (adjacency, gradient):
        assert (values[torch.arange(len(regulators)), regulators] == 0).all()
        assert (values[:, -1] == 0).all()
    # three regulators, each with the five genes that vary but itself
    assert int((adjacency != 0).sum()) == 3 * 4
