"""Prepare AnnData for the model."""

from infosem.pp._known_interactions import known_interactions

__all__ = ["known_interactions"]
