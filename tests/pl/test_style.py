"""Text that fits the Axes, on any background."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from infosem.pl._style import BLUE, GREEN, GREY, VERMILION, ink, prepare, sequential, text_size


@pytest.mark.parametrize(("width", "size"), [(2.0, 7.0), (3.3, 7.0), (8.0, 10.0)])
def test_text_fits_the_width(width, size):
    ax = prepare(Figure(figsize=(width, 3)).subplots(), (1, 1))
    assert text_size(ax) == pytest.approx(size, abs=0.1)
    assert ax.get_xticklabels()[0].get_fontsize() == text_size(ax)


def test_text_is_not_larger_than_the_settings_have_it():
    with mpl.rc_context({"font.size": 6}):
        assert text_size(prepare(Figure(figsize=(8, 3)).subplots(), (1, 1))) == 6


def test_panels_are_narrower_than_their_figure():
    panels = Figure(figsize=(8, 3)).subplots(1, 4)
    assert text_size(prepare(panels[0], (1, 1))) == 7


def test_a_panel_of_a_subfigure_is_drawn_on():
    from infosem import pl

    subfigure = Figure(layout="constrained").subfigures(1, 2)[0]
    star = pl.network(_star(), ax=subfigure.subplots())
    assert star.figure is subfigure


def _star():
    import pandas as pd

    return pd.DataFrame({"source": "A", "target": ["b", "c"], "weight": [1.0, -1.0]})


def luminance(colour):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def contrast(first, second):
    dark, light = sorted([luminance(first), luminance(second)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_nothing_vanishes(style):
    with plt.style.context(style):
        ax = Figure().subplots()
    background = ax.get_facecolor()
    assert contrast(ink(ax), background) > 15
    # 3 is what the guidelines for accessible web content ask of graphics
    assert min(contrast(colour, background) for colour in (BLUE, VERMILION, GREEN, GREY)) > 3
    assert contrast(mpl.colormaps[sequential(ax)](0.0), background) > 3
