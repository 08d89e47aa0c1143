"""The variational auto-encoder: its priors, likelihoods, networks and training loss. It works on tensors only."""

from infosem.module._adjacency import FullAdjacency, LowRankEdges
from infosem.module._gene_data import GeneData
from infosem.module._latent import FixedLatent, LatentPrior, LearnedLatent
from infosem.module._normal_distribution import Normal
from infosem.module._scalar_networks import ScalarNetworks
from infosem.module._standardiser import Cells, Standardiser
from infosem.module._vae import InfoSEMModule
from infosem.module.likelihoods._base import Distribution, Likelihood
from infosem.module.likelihoods._gaussian import Gaussian
from infosem.module.likelihoods._negative_binomial import NegativeBinomial
from infosem.module.priors._base import Density, EffectPrior
from infosem.module.priors._laplace import LaplacePrior
from infosem.module.priors._normal import NormalPrior
from infosem.module.priors._text import TextPrior

__all__ = [
    "Cells",
    "Density",
    "Distribution",
    "EffectPrior",
    "FixedLatent",
    "FullAdjacency",
    "Gaussian",
    "GeneData",
    "InfoSEMModule",
    "LaplacePrior",
    "LatentPrior",
    "LearnedLatent",
    "Likelihood",
    "LowRankEdges",
    "NegativeBinomial",
    "Normal",
    "NormalPrior",
    "ScalarNetworks",
    "Standardiser",
    "TextPrior",
]
