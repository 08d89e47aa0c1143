"""Data sets for tutorials, tests and benchmarks."""

from infosem.datasets._beeline import beeline
from infosem.datasets._pbmc import pbmc
from infosem.datasets._sergio import sergio
from infosem.datasets._simulate import simulate

__all__ = ["beeline", "pbmc", "sergio", "simulate"]
