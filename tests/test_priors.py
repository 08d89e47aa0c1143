"""One contract for all priors, and what is particular to each."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Laplace, Normal

from infosem.module.priors._labels import LabelDensity
from infosem.module.priors._laplace import LaplaceDensity
from infosem.module.priors._normal import CentredDensity
from infosem.module.priors._text import TextDensity
from infosem.statistics._centring import centre_embeddings

N_COUNTED = 5000


IMPOSSIBLE = torch.tensor([[0, 1, 1, 3], [0, 4, 7, 8]])
POSSIBLE = torch.ones(4, 9, dtype=torch.bool)
POSSIBLE[*IMPOSSIBLE] = False
N_PAIRS = 32


def effects():
    """Random effects, zero where there can be none."""
    return torch.randn(4, 9, dtype=torch.float64) * POSSIBLE


def laplace(weight):
    prior = LaplaceDensity(N_PAIRS, weight=weight)
    return prior, lambda values, scale: Laplace(0.0, scale).log_prob(values)[POSSIBLE].sum()


def shrinkage(weight):
    prior = CentredDensity(N_PAIRS, weight=weight)
    return prior, lambda values, scale: Normal(0.0, scale).log_prob(values)[POSSIBLE].sum()


def embedding(weight):
    regulators = torch.tensor([1, 3, 4, 8])
    prior = TextDensity(torch.randn(9, 5), IMPOSSIBLE, regulators, weight=weight, intercept=0.3).double()
    for parameter in prior.parameters():
        parameter.data += torch.randn_like(parameter)

    def expected(values, scale):
        total = 0.0
        for i, regulator in enumerate(regulators):
            for j in range(9):
                h = torch.cat([prior.embeddings[regulator], prior.embeddings[j]])
                w = torch.cat([prior.regulator_coefficients, prior.target_coefficients])
                if POSSIBLE[i, j]:
                    total = total + Normal(prior.intercept + h @ w, scale).log_prob(values[i, j])
        return total

    return prior, expected


def interactions(weight):
    pairs, is_edge = torch.tensor([[0, 0, 3], [2, 5, 8]]), torch.tensor([True, False, True])
    prior = LabelDensity(pairs, is_edge, weight=weight)
    mode = torch.tensor([math.log(19), -math.log(19), math.log(19)], dtype=torch.float64)
    return prior, lambda values, scale: Normal(mode, scale).log_prob(values[pairs[0], pairs[1]]).sum()


PRIORS = [laplace, shrinkage, embedding, interactions]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("make", PRIORS)
class TestContract:
    def test_log_prob_is_that_of_the_stated_density_and_scale(self, make):
        prior, expected = make(weight=2.5)
        values = effects()
        scale = prior.scale(N_COUNTED)
        assert scale > 0
        torch.testing.assert_close(
            prior.log_prob(values, n_counted=N_COUNTED), expected(values, scale), rtol=1e-6, atol=0
        )

    def test_penalty_is_the_log_density_in_units_of_the_loss(self, make):
        prior, _ = make(weight=2.5)
        one, other = effects(), effects()
        difference = prior.log_prob(one, n_counted=N_COUNTED) - prior.log_prob(other, n_counted=N_COUNTED)
        torch.testing.assert_close(
            prior.penalty(one) - prior.penalty(other), -2 / N_COUNTED * difference, rtol=1e-6, atol=0
        )

    def test_gradient(self, make):
        prior, _ = make(weight=2.5)
        values = torch.randn(4, 9, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(prior.penalty, values)

    def test_penalty_is_never_negative_and_grows_with_its_weight(self, make):
        torch.manual_seed(1)
        weak, _ = make(weight=1.0)
        torch.manual_seed(1)
        strong, _ = make(weight=3.0)
        values = effects()
        assert weak.penalty(values) > 0
        torch.testing.assert_close(strong.penalty(values), 3 * weak.penalty(values))

    def test_weight_zero_is_a_flat_prior(self, make):
        prior, _ = make(weight=0.0)
        values = effects()
        assert prior.penalty(values) == 0
        assert prior.log_prob(values, n_counted=N_COUNTED) == 0


def test_a_gene_without_embedding_gets_the_average_effect():
    embeddings = torch.randn(6, 3) + 5
    embeddings[2] = torch.nan
    centred = centre_embeddings(embeddings)
    present = [0, 1, 3, 4, 5]
    torch.testing.assert_close(centred[2], torch.zeros(3))
    torch.testing.assert_close(centred[present].mean(0), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(centred[present].square().sum(1).mean(), torch.tensor(1.0))
    prior = TextDensity(centred, torch.empty(2, 0, dtype=torch.long), torch.arange(6), weight=1.0, intercept=0.2)
    for parameter in (prior.regulator_coefficients, prior.target_coefficients):
        parameter.data = torch.randn(3)
    mean = prior.mean()
    torch.testing.assert_close(mean[2], mean[present].mean(0), atol=1e-6, rtol=0)
    torch.testing.assert_close(mean[:, 2], mean[:, present].mean(1), atol=1e-6, rtol=0)


def test_unobserved_pairs_have_a_flat_prior():
    prior, _ = interactions(weight=1.0)
    values = torch.randn(4, 9, dtype=torch.float64, requires_grad=True)
    prior.penalty(values).backward()
    observed = torch.zeros(4, 9, dtype=torch.bool)
    observed[prior.pairs[0], prior.pairs[1]] = True
    assert ((values.grad != 0) == observed).all()
