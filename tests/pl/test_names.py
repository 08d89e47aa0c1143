"""Names are drawn as they are, whatever formula, end of a line or missing glyph they would be."""

from __future__ import annotations

import anndata as ad
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from infosem import pl

NAMES = ["$A^$", "HLA_{DRB1}", "\\frac$1$", "100%", "$$$", "#&~", "\\$5", "{", "_x", "nan"]
SHOWN = {"a\nb": "a\\nb", "\x01": "\\x01", "\t": "\\t", "\ud800": "\\ud800", "\u200b": "\\u200b"}
WITHOUT_GLYPH = ["\N{DNA DOUBLE HELIX}", "日本", "אב"]

PLOTS = {
    "network": lambda edges, ax: pl.network(edges, top=None, ax=ax),
    "hubs": lambda edges, ax: pl.hubs(edges, by="in_strength", ax=ax),
    "heatmap": lambda edges, ax: pl.heatmap(edges, ax=ax),
    "comparison": lambda edges, ax: pl.comparison(
        edges, edges.assign(weight=edges["weight"][::-1].to_numpy()), label=tuple(edges["target"][:2]), ax=ax
    ),
}


def edges_of(names):
    target = pd.Series(names, dtype=object)  # a string column of pandas 3 holds no surrogates
    return pd.DataFrame({"source": "A", "target": target, "weight": np.arange(1.0, len(names) + 1)})


def drawn_text(draw):
    """All text of a picture, after it was drawn to the last pixel."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = draw(figure.subplots())
    FigureCanvasAgg(figure).draw()
    return axes, [text for text in axes.findobj(Text) if text.get_text()]


def shown_by(texts):
    return "|".join(text.get_text() for text in texts)


@pytest.mark.parametrize("plot", PLOTS)
def test_no_name_is_a_formula(plot):
    _, texts = drawn_text(lambda ax: PLOTS[plot](edges_of(NAMES), ax))
    for name in NAMES[:2] if plot == "comparison" else NAMES:
        of_it = [text for text in texts if name in text.get_text()]
        assert of_it
        assert not any(text.get_parse_math() or text.get_usetex() for text in of_it)


def test_no_name_is_given_to_latex():
    with mpl.rc_context({"text.usetex": True}):
        axes = pl.hubs(edges_of(NAMES), by="in_strength", ax=Figure().subplots())
    assert not any(label.get_usetex() for label in axes.get_yticklabels())
    assert axes.xaxis.label.get_usetex()


@pytest.mark.parametrize("plot", PLOTS)
def test_what_cannot_be_seen_is_escaped(plot):
    shown = dict(SHOWN)
    if pd.__version__ >= "3":
        with pytest.raises(ValueError, match=r"is half of one, which pandas 3 cannot hold"):
            PLOTS[plot](edges_of(["B", "\ud800", "C"]), None)
        shown = {name: text for name, text in shown.items() if "\ud800" not in name}
    _, texts = drawn_text(lambda ax: PLOTS[plot](edges_of(list(shown)), ax))
    names = list(shown.values())
    assert all(name in shown_by(texts) for name in (names[:2] if plot == "comparison" else names))


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.filterwarnings("ignore:Glyph .* missing from font:UserWarning")
def test_a_name_without_glyphs_or_without_end_is_no_error(plot):
    _, texts = drawn_text(lambda ax: PLOTS[plot](edges_of(WITHOUT_GLYPH), ax))
    assert WITHOUT_GLYPH[0] in shown_by(texts)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.filterwarnings("ignore:constrained_layout not applied:UserWarning")
def test_names_that_leave_no_room_are_no_error(plot):
    drawn_text(lambda ax: PLOTS[plot](edges_of(["G" * 2000, "H" * 3000, "I"]), ax))


@pytest.mark.parametrize("color", ["$gro^$up", "$num^$ber", None])
def test_cells_of_a_perturbation(color):
    rng = np.random.default_rng(0)
    cells = ad.AnnData(
        np.zeros((60, 2)),
        obs={"$gro^$up": pd.Categorical(np.repeat(["$le^$ft", "ri_{ght"], 30)), "$num^$ber": np.arange(60.0)},
    )
    cells.obsm["X_umap"] = rng.normal(size=(60, 2))
    cells.obsm["perturbation_umap"] = np.full((60, 2), 0.5)
    cells.uns["perturbation"] = {"gene": "$SP^$\n", "to": 0.0, "largest_mean_shift": 0.5}
    axes, texts = drawn_text(lambda ax: pl.perturbation(cells, color=color, ax=ax))
    assert axes.get_title() == "$SP^$\\n knocked out: largest mean shift 0.5"
    if color == "$gro^$up":
        assert {"$le^$ft", "ri_{ght"} <= {text.get_text() for text in texts}
