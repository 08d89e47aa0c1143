"""Every AnnData key that the package reads by default or writes."""

GENE_EMBEDDING = "gene_embedding"
"""``varm``: text embedding of each gene."""

GENE_TEXT = "gene_text"
"""``var``: what is written about each gene."""

KNOWN_INTERACTIONS = "known_interactions"
"""``varp``: known edges (+1), known non-edges (-1), unobserved pairs (absent)."""

IS_REGULATOR = "is_regulator"
"""``var``: genes that may have targets."""

NETWORK = "infosem"
"""``varp`` and ``uns``: the inferred network."""

PERTURBATION = "perturbation"
"""``layers`` and ``uns``: expected shift of each cell under an intervention."""

EVIDENCE = ("association", "direct", "level", "text", "interactions")
"""What the logarithm of an edge's strength is made of: see :meth:`infosem.InfoSEM.get_evidence`."""

PARTS = ("sign", "effect", "strength", *EVIDENCE, "sd", "sign_agreement", "stability", "probability", "q_value")
"""What may be written beside a network in ``varp``: see :meth:`infosem.InfoSEM.write_network`,
:meth:`infosem.Ensemble.write_network` and :func:`infosem.tl.false_discovery_rate`."""


def part_key(network: str, part: str) -> str:
    """``varp`` key of a part of the network under the key ``network``."""
    return f"{network}_{part}"
