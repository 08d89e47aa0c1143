"""Configuration of the documentation, which `make docs` builds without the internet."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "infosem"
author = "The infosem team"
copyright = "2026, the infosem team"
version = release = installed("infosem")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "api_pages",
    "native_math",
]
exclude_patterns = ["_build", "_extensions", "_templates"]
templates_path = ["_templates"]

# Notebooks are committed with their outputs
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# A namespace's page lists what its __all__ names
autosummary_ignore_module_all = False
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

# Everything of our own must be found; other packages' documentation is not read, since that needs the internet
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(anndata|collections|igraph|joblib|lightning|matplotlib|mudata|networkx|numpy|pandas|pathlib)\..*"),
    (r"py:.*", r"(scipy|scvi|torch|typing)\..*"),
    (r"py:class", r"(AnnData|Axes|np\..*|nx\..*|pd\..*|plt\..*)"),  # annotations of what is imported for them alone
    (r"py:class", r"Standardisation|DesignSizes|LogNormalisation|infosem\.statistics\..*"),  # of no namespace
    (r"py:class", r"AnnOrMuData|LightningDataModule"),  # of scvi-tools' load
    (r"py:.*", r"infosem\.data\._settings\.S"),  # the type variable of infosem.register
]

html_theme = "sphinx_book_theme"
html_math_renderer = "native"
html_title = "infosem"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "navbar_persistent": [],
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
}
toc_object_entries_show_parents = "hide"


def copy_tutorials(_: Sphinx) -> None:
    """Bring the notebooks, which stand at the top of the repository, below this folder."""
    shutil.rmtree(DOCS / "tutorials", ignore_errors=True)
    (DOCS / "tutorials").mkdir()
    for notebook in (DOCS.parent / "tutorials").glob("*.ipynb"):
        shutil.copy2(notebook, DOCS / "tutorials")


def setup(app: Sphinx) -> None:
    """Bring in what stands elsewhere, before the pages are looked for."""
    app.connect("builder-inited", copy_tutorials, priority=100)
