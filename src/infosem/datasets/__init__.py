"""Data sets for tutorials, tests and benchmarks."""

from infosem.datasets._batch_effect import add_batch_effect
from infosem.datasets._beeline import beeline
from infosem.datasets._pbmc import pbmc
from infosem.datasets._sergio import sergio
from infosem.datasets._simulate import simulate
from infosem.datasets._simulate_groups import simulate_groups

__all__ = ["add_batch_effect", "beeline", "pbmc", "sergio", "simulate", "simulate_groups"]
