"""How docstrings become pages: which names, which members, and what a section Returns is."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.ext import autosummary
from sphinx.ext.napoleon import NumpyDocstring


class Namespace(autosummary.Autosummary):
    """A table of what a module names in ``__all__``; the pages it links to are those of the module's own page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        module = import_module(self.arguments[0])
        names = [name for name in module.__all__ if callable(getattr(module, name))]
        self.content = StringList([f"~{module.__name__}.{name}" for name in names], source=module.__name__)
        self.options["nosignatures"] = None
        return super().run()


def skip_foreign(_: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what classes inherit from other packages, but for saving and loading, and fields, which have a text."""
    function = inspect.unwrap(getattr(member, "fget", None) or getattr(member, "__func__", member))
    module = getattr(function, "__module__", None) or ""
    of_class = what in ("attribute", "class", "method", "property")
    return True if of_class and name not in ("save", "load") and not module.startswith("infosem") else None


def parse_returns(docstring: NumpyDocstring, _: str) -> list[str]:
    """Read a section Returns as prose, where numpydoc expects the name of a type first."""
    return [*docstring._format_block(":returns: ", docstring._dedent(docstring._consume_to_next_section())), ""]


NumpyDocstring._parse_returns_section = parse_returns
autosummary.WELL_KNOWN_ABBREVIATIONS += ("Eq.", "Eqs.")  # no ends of sentences


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the choice of members."""
    app.setup_extension("sphinx.ext.autosummary")
    app.add_directive("namespace", Namespace)
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True}
