"""Analysis of networks. Functions on networks take an edge table, functions on cells take an AnnData object."""

from infosem.tl._compare import compare
from infosem.tl._differential_edges import differential_edges
from infosem.tl._enrichment import enrichment
from infosem.tl._false_discovery_rate import false_discovery_rate
from infosem.tl._hubs import hubs
from infosem.tl._perturb import perturb
from infosem.tl._project_shift import project_shift
from infosem.tl._regulons import regulons

__all__ = [
    "compare",
    "differential_edges",
    "enrichment",
    "false_discovery_rate",
    "hubs",
    "perturb",
    "project_shift",
    "regulons",
]
