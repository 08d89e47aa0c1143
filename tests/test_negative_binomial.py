"""The negative binomial likelihood: density, gradient, samples, dispersion, and its place in the module."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from infosem.data._counts import LogNormalisation
from infosem.data._moments import Standardisation
from infosem.module import (
    GeneData,
    InfoSEMModule,
    LaplacePrior,
    LearnedLatent,
    NegativeBinomial,
    ScalarNetworks,
    Standardiser,
)
from infosem.module.likelihoods._negative_binomial import CountDistribution
from infosem.statistics._count_moments import CountMoments, count_moments

N_CELLS, N_GENES = 6, 5


def build(seed=0):
    """A module in float64 with random parameters, and a batch of counts."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    sizes = rng.lognormal(0, 0.5, (N_CELLS, 1))
    counts = rng.poisson(sizes * rng.uniform(0.2, 6, N_GENES))
    x = np.log1p(counts / sizes)
    genes = GeneData(
        names=[f"gene{j}" for j in range(N_GENES)],
        varies=torch.ones(N_GENES, dtype=torch.bool),
        regulators=torch.arange(3),
        n_counted=x.size,
        counts=CountMoments(torch.tensor((counts / sizes).mean(0)), torch.tensor(rng.uniform(0.1, 2, N_GENES))),
    )
    standardiser = Standardiser(Standardisation(x.mean(0), x.std(0), x.size), normalisation=LogNormalisation(1.0))
    module = InfoSEMModule(
        genes,
        standardiser,
        n_cells=N_CELLS,
        prior=LaplacePrior(),
        low_rank=None,
        likelihood=NegativeBinomial(),
        latent=LearnedLatent(),
        networks=ScalarNetworks(n_hidden=5, evaluation="exact", denoise=False),
        initial_effect=1.0,
    ).double()
    for parameter in module.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return module, genes, {"X": torch.tensor(counts, dtype=torch.float64), "size_factor": torch.tensor(sizes)}


def expected(module, genes, decoded, sizes):
    """Expected counts, from the formula alone."""
    location, scale = module.standardiser.mean.numpy(), module.standardiser.sd.numpy()

    def excess(y):
        return np.expm1(1e-4 + np.logaddexp(0, 10 * y) / 10)

    return sizes * genes.counts.mean.numpy() * excess(location + scale * decoded) / excess(location)


def test_the_density_is_that_of_scipy():
    module, genes, batch = build()
    inference, generative, output = module(batch, inference_kwargs={"generator": torch.Generator().manual_seed(0)})
    sem = np.eye(N_GENES)
    sem[:3] -= inference["adjacency"].weights.detach().numpy()
    h = torch.tensor(inference["z"].detach().numpy() @ np.linalg.inv(sem))
    decoded = module.decoder(h).detach().numpy()
    counts, sizes = batch["X"].numpy(), batch["size_factor"].numpy()
    mu = expected(module, genes, decoded[0], sizes)
    r = np.broadcast_to(1 / genes.counts.dispersion.numpy(), mu.shape)
    log_density = stats.nbinom(r, r / (r + mu)).logpmf(counts)
    assert output.reconstruction_loss["reconstruction_loss"].detach().numpy() == pytest.approx(-log_density.sum(1))
    assert inference["cells"].x.numpy() == pytest.approx(np.log1p(counts / sizes))
    assert generative["px"].mean.detach().numpy() == pytest.approx(decoded[0])


def test_the_gradient_is_that_of_finite_differences():
    module, _, batch = build()

    def loss():
        return module(batch, inference_kwargs={"generator": torch.Generator().manual_seed(0)})[2].loss

    parameters = {name: p for name, p in module.named_parameters() if name.startswith(("adjacency", "decoder"))}
    gradients = torch.autograd.grad(loss(), list(parameters.values()))
    rng = np.random.default_rng(0)
    for (name, parameter), gradient in zip(parameters.items(), gradients, strict=True):
        direction = torch.tensor(rng.normal(size=tuple(parameter.shape)))
        values = []
        with torch.no_grad():
            for step in (1e-5, -1e-5):
                parameter += step * direction
                values.append(loss().item())
                parameter -= step * direction
        slope = (values[0] - values[1]) / 2e-5
        assert slope == pytest.approx((gradient * direction).sum().item(), rel=1e-5, abs=1e-8), name


@pytest.mark.parametrize("decoded", [-1e3, -10.0, 0.0, 10.0])
def test_any_decoded_value_has_a_finite_density_and_gradient(decoded):
    module, genes, batch = build()
    standardiser = module.standardiser.float()
    output = NegativeBinomial().build(genes, standardiser).float()
    mean = torch.full((N_CELLS, N_GENES), decoded, requires_grad=True)
    deviance = NegativeBinomial().deviance(output(mean), standardiser(batch))
    deviance.sum().backward()
    assert deviance.isfinite().all()
    assert mean.grad.isfinite().all()


def test_samples_have_the_stated_mean_and_variance():
    location, scale = torch.tensor(0.4), torch.tensor(1.5)
    px = CountDistribution(torch.zeros(200_000, 2), torch.zeros(2), torch.tensor([0.5, 2.0]).log(), location, scale)
    px = px._replace(log_level=math.log(3.0) - px.log_rate(location, scale)[0])
    counts = torch.expm1(px.sample(torch.Generator().manual_seed(0)) * 1.5 + 0.4)
    assert counts.mean(0).numpy() == pytest.approx([3, 3], rel=0.03)
    assert counts.var(0).numpy() == pytest.approx([3 + 0.5 * 9, 3 + 2 * 9], rel=0.05)
    assert px.deviance(px.sample(torch.Generator().manual_seed(0))).isfinite().all()


def test_the_dispersion_of_frequent_genes_is_found_and_that_of_rare_genes_is_shrunk():
    rng = np.random.default_rng(0)
    sizes = rng.lognormal(0, 0.4, 3000)
    rate = np.array([0.02, 5.0, 20.0, 10.0, 8.0])
    dispersion = np.array([0.5, 0.1, 0.5, 2.0, 0.5])
    mean = sizes[:, None] * rate
    normalised = rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, mean.shape)) / sizes[:, None]
    found = count_moments(normalised.mean(0), normalised.var(0), sizes)
    assert found.mean.numpy()[1:] == pytest.approx(rate[1:], rel=0.1)
    assert found.dispersion.numpy()[1:] == pytest.approx(dispersion[1:], rel=0.2)
    assert 0.1 < found.dispersion[0] < 3


def test_zeros_count():
    assert NegativeBinomial().mask_zeros is False
    with pytest.raises(ValueError, match="mask_zeros"):
        NegativeBinomial(mask_zeros=True)


def test_it_needs_counts():
    module, genes, _ = build()
    genes = GeneData(**{**vars(genes), "counts": None})
    with pytest.raises(ValueError, match="likelihood of counts"):
        NegativeBinomial().build(genes, module.standardiser)
