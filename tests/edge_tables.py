"""A small edge table, and everything that is made of one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from infosem import get, pl, tl

PLAIN = pd.DataFrame(
    [
        ("1", "4", 0.75, 1, 0.9),
        ("1", "5", -0.5, -1, 0.2),
        ("2", "1", 0.5, 1, 0.8),
        ("3", "5", 0.25, 0, 0.7),
        ("2", "4", -0.125, -1, 0.6),
    ],
    columns=["source", "target", "weight", "sign", "probability"],
)
OTHER = PLAIN.assign(weight=PLAIN["weight"] ** 2 + 1)


def picture(draw):
    """The text and the numbers of bars, images and points in a picture."""

    def draw_there(edges):
        axes = draw(edges, Figure().subplots())
        bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches if hasattr(bar, "get_x")]
        points = [line.get_xydata().tolist() for line in axes.lines if len(line.get_xydata())]
        images = [np.ma.filled(image.get_array(), 99).tolist() for image in axes.images]
        return [text.get_text() for text in axes.findobj(Text)], bars, points, images

    return draw_there


FUNCTIONS = {
    "regulons": lambda edges: tl.regulons(edges, top=2, min_probability=0.3)[list(PLAIN)[:3]],
    "hubs": lambda edges: tl.hubs(edges, measures=["degree", "strength", "pagerank", "betweenness"]),
    "compare": lambda edges: tl.compare({"other": OTHER, "this": edges}),
    "differential_edges": lambda edges: tl.differential_edges(edges, OTHER),
    "differential_edges, second": lambda edges: tl.differential_edges(OTHER, edges),
    "enrichment": lambda edges: tl.enrichment(edges, OTHER.head(3), top=[2]),
    "to_networkx": lambda edges: sorted(get.to_networkx(edges).edges(data="weight")),
    "to_igraph": lambda edges: get.to_igraph(edges).get_edge_dataframe()[["source", "target", "weight"]],
    "to_decoupler": get.to_decoupler,
    "to_pyscenic": get.to_pyscenic,
}
PICTURES = {
    "pl.network": picture(lambda edges, ax: pl.network(edges, top=4, genes=["1"], ax=ax)),
    "pl.hubs": picture(lambda edges, ax: pl.hubs(edges, ax=ax)),
    "pl.heatmap": picture(lambda edges, ax: pl.heatmap(edges, ax=ax)),
    "pl.weights": picture(lambda edges, ax: pl.weights(edges, top=2, ax=ax)),
    "pl.comparison": picture(lambda edges, ax: pl.comparison(edges, OTHER, ax=ax)),
}
PAIRS_ONLY = {
    "enrichment, reference": lambda pairs: tl.enrichment(PLAIN, pairs, top=[2]),
    "pl.network, known": picture(lambda pairs, ax: pl.network(PLAIN, known=pairs, ax=ax)),
}
ENDINGS = (".csv", ".tsv.gz", ".parquet", ".graphml", ".graphml.gz")
