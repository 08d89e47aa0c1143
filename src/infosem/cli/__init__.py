"""The command ``infosem``."""

from infosem.cli._main import main

__all__ = ["main"]
