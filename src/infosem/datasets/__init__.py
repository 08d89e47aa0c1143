"""Data to learn, test and compare with."""

from infosem.datasets._simulate import simulate

__all__ = ["simulate"]
