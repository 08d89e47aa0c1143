"""Labels beside points that do not overlap each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from infosem.pl._style import AS_IT_IS, halo, ink, text_size

_DIRECTIONS = np.deg2rad([0, 180, 90, 270, 45, 135, 315, 225, 20, 160, 340, 200, 70, 110, 250, 290])
_DISTANCES = np.linspace(0.6, 12, 16)
"""Distances from a point to its label, in units of the text size. All but the nearest labels get a leader line."""


def name_points(ax: Axes, points: np.ndarray, names: Sequence[str]) -> list[Annotation]:
    """Label the first points, where possible without covering other points.

    Parameters
    ----------
    ax
        Prepared Axes with final limits.
    points
        Coordinates of all points drawn, ``(n, 2)``, in data units.
    names
        Labels of the first points, in descending order of importance. Labels that do not fit are left out.
    """
    ax.figure.figure.draw_without_rendering()  # the layout engine moves the Axes only now
    point_in_pixels = ax.figure.dpi / 72
    unit = text_size(ax) * point_in_pixels
    room = ax.get_window_extent()
    centres = ax.transData.transform(points)
    taken = [Bbox([centre - unit / 4, centre + unit / 4]) for centre in centres[: len(names)]]
    drawn = []
    for rank, (name, point, centre) in enumerate(zip(names, points, centres, strict=False)):
        text = ax.annotate(
            name, point, (0, 0), textcoords="offset points", ha="center", va="center", fontsize=text_size(ax),
            path_effects=halo(ax), arrowprops={"arrowstyle": "-", "color": ink(ax), "lw": 0.5, "shrinkA": 0},
            **AS_IT_IS,
            zorder=4 - rank / len(names),  # later labels have longer lines, which pass below the names
        )  # fmt: skip
        box = text.get_window_extent()
        free = [place for place in _places(centre, box, unit) if _is_free(place, room, taken)]
        if not free:
            text.remove()
            continue
        place = next((place for place in free if not place.count_contains(centres)), free[0])
        text.set_position(((place.p0 + place.p1) / 2 - centre) / point_in_pixels)
        assert text.arrow_patch is not None
        text.arrow_patch.set_visible(_gap(place, centre) > 2 * _DISTANCES[0] * unit)
        taken.append(place)
        drawn.append(text)
    return drawn


def _places(centre: np.ndarray, box: Bbox, unit: float) -> list[Bbox]:
    """Return candidate positions of a label, the nearest first."""
    half = np.array([box.width, box.height]) / 2
    middles = [
        centre + np.array([np.cos(angle), np.sin(angle)]) * (distance * unit + half)
        for distance in _DISTANCES
        for angle in _DIRECTIONS
    ]
    return [Bbox([middle - half, middle + half]) for middle in middles]


def _is_free(place: Bbox, room: Bbox, taken: list[Bbox]) -> bool:
    is_inside = room.x0 <= place.x0 and room.y0 <= place.y0 and place.x1 <= room.x1 and place.y1 <= room.y1
    return is_inside and not place.count_overlaps(taken)


def _gap(place: Bbox, centre: np.ndarray) -> float:
    """Return the distance between a point and a box."""
    return float(np.linalg.norm(np.maximum(np.maximum(place.p0 - centre, centre - place.p1), 0)))
