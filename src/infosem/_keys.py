"""Every AnnData key that the package reads by default or writes."""

GENE_EMBEDDING = "gene_embedding"
"""``varm``: text embedding of each gene."""

KNOWN_INTERACTIONS = "known_interactions"
"""``varp``: known edges (+1), known non-edges (-1), unobserved pairs (absent)."""

IS_REGULATOR = "is_regulator"
"""``var``: genes that may have targets."""

NETWORK = "infosem"
"""``varp`` and ``uns``: the inferred network."""


def effect_key(network: str) -> str:
    """``varp`` key of the effects of the network under the key ``network``."""
    return f"{network}_effect"


def probability_key(network: str) -> str:
    """``varp`` key of the edge probabilities of the network under the key ``network``."""
    return f"{network}_probability"
