"""Methods of network inference to compare, one per file."""

from infosem.benchmark.methods.clr import CLR
from infosem.benchmark.methods.deepsem import DeepSEM
from infosem.benchmark.methods.genelink import GENELink
from infosem.benchmark.methods.genie3 import GENIE3
from infosem.benchmark.methods.grnboost2 import GRNBoost2
from infosem.benchmark.methods.infosem import Default, DefaultEnsemble, DefaultWithInteractions, WithoutText
from infosem.benchmark.methods.infosem_b import InfoSEMB
from infosem.benchmark.methods.infosem_bc import InfoSEMBC
from infosem.benchmark.methods.infosem_laplace import InfoSEMLaplace
from infosem.benchmark.methods.matrix_completion import MatrixCompletion
from infosem.benchmark.methods.one_hot import OneHot
from infosem.benchmark.methods.partial_correlation import PartialCorrelation
from infosem.benchmark.methods.pearson import Pearson
from infosem.benchmark.methods.precomputed import Precomputed
from infosem.benchmark.methods.prior_mean import PriorMean
from infosem.benchmark.methods.random_order import RandomOrder
from infosem.benchmark.methods.regdiffusion import RegDiffusion
from infosem.benchmark.methods.regulator_degree import RegulatorDegree
from infosem.benchmark.methods.ridge import Ridge
from infosem.benchmark.methods.scgreat import ScGREAT
from infosem.benchmark.methods.spearman import Spearman
from infosem.benchmark.methods.target_degree import TargetDegree
from infosem.benchmark.methods.target_level import TargetLevel
from infosem.benchmark.methods.text_regression import TextRegression

METHODS = {
    "random": RandomOrder,
    "one_hot": OneHot,
    "matrix_completion": MatrixCompletion,
    "genelink": GENELink,
    "scgreat": ScGREAT,
    "grnboost2": GRNBoost2,
    "infosem_expression": WithoutText,
    "infosem": Default,
    "infosem_ensemble": DefaultEnsemble,
    "infosem_interactions": DefaultWithInteractions,
    "deepsem": DeepSEM,
    "infosem_laplace": InfoSEMLaplace,
    "infosem_b": InfoSEMB,
    "infosem_bc": InfoSEMBC,
    "prior_mean": PriorMean,
    "pearson": Pearson,
    "spearman": Spearman,
    "partial_correlation": PartialCorrelation,
    "clr": CLR,
    "ridge": Ridge,
    "genie3": GENIE3,
    "target_level": TargetLevel,
    "regulator_degree": RegulatorDegree,
    "target_degree": TargetDegree,
    "text_regression": TextRegression,
    "regdiffusion": RegDiffusion,
}
"""Names of the methods in a configuration and in :func:`infosem.benchmark.compare`."""

__all__ = [
    "CLR",
    "GENIE3",
    "METHODS",
    "DeepSEM",
    "Default",
    "DefaultEnsemble",
    "DefaultWithInteractions",
    "GENELink",
    "GRNBoost2",
    "InfoSEMB",
    "InfoSEMBC",
    "InfoSEMLaplace",
    "MatrixCompletion",
    "OneHot",
    "PartialCorrelation",
    "Pearson",
    "Precomputed",
    "PriorMean",
    "RandomOrder",
    "RegDiffusion",
    "RegulatorDegree",
    "Ridge",
    "ScGREAT",
    "Spearman",
    "TargetDegree",
    "TargetLevel",
    "TextRegression",
    "WithoutText",
]
