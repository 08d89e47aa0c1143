"""AnnData keys that the package reads by default or writes."""

GENE_EMBEDDING = "gene_embedding"
"""``varm``: text embedding of each gene."""

GENE_TEXT = "gene_text"
"""``var``: text about each gene."""

KNOWN_INTERACTIONS = "known_interactions"
"""``varp``: known edges (+1), known non-edges (-1), unobserved pairs (absent)."""

IS_REGULATOR = "is_regulator"
"""``var``: genes that may have targets."""

NETWORK = "infosem"
"""``varp`` and ``uns``: the inferred network."""

PERTURBATION = "perturbation"
"""``layers`` and ``uns``: expected shift of each cell under a perturbation."""

EVIDENCE = ("association", "direct", "level", "text", "interactions")
"""Terms whose sum determines the edge strength. See :meth:`infosem.InfoSEM.get_evidence`."""

PARTS = ("sign", "effect", "strength", *EVIDENCE, "sd", "sign_agreement", "stability", "probability", "q_value")
"""Matrices that accompany a network in ``varp``. See :meth:`infosem.InfoSEM.write_network`,
:meth:`infosem.Ensemble.write_network` and :func:`infosem.tl.false_discovery_rate`."""

RESERVED = {"source", "target", "weight", "rank", *PARTS} - set(EVIDENCE)
"""Columns of edge tables, which no further term of the evidence may be called."""


def part_key(network: str, part: str) -> str:
    """Return the ``varp`` key of a part of the network under the key ``network``."""
    return f"{network}_{part}"
