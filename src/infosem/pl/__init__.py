"""Plot networks, models and benchmarks. Functions accept ``ax=``, return the Axes and do not call ``show``."""

from infosem.pl._accuracy import accuracy
from infosem.pl._comparison import comparison
from infosem.pl._heatmap import heatmap
from infosem.pl._history import history
from infosem.pl._hubs import hubs
from infosem.pl._network import network
from infosem.pl._perturbation import perturbation
from infosem.pl._prior_posterior import prior_posterior
from infosem.pl._probabilities import probabilities
from infosem.pl._weights import weights

__all__ = [
    "accuracy",
    "comparison",
    "heatmap",
    "history",
    "hubs",
    "network",
    "perturbation",
    "prior_posterior",
    "probabilities",
    "weights",
]
