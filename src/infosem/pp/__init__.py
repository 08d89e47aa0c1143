"""Preparation of AnnData for the model."""

from infosem.pp._add_embeddings import add_embeddings
from infosem.pp._combine_embeddings import combine_embeddings
from infosem.pp._embed_genes import embed_genes
from infosem.pp._embed_terms import embed_terms
from infosem.pp._fetch_descriptions import fetch_descriptions
from infosem.pp._gene_text import gene_text
from infosem.pp._known_interactions import known_interactions
from infosem.pp._regulators import regulators

__all__ = [
    "add_embeddings",
    "combine_embeddings",
    "embed_genes",
    "embed_terms",
    "fetch_descriptions",
    "gene_text",
    "known_interactions",
    "regulators",
]
