"""What tests of embeddings from files and of those from tables share."""

from __future__ import annotations

import numpy as np

from infosem import pp


def check(cells, table, embeddings, **options):
    """Add embeddings, which must be those of the table."""
    pp.add_embeddings(cells, embeddings, **options)
    np.testing.assert_allclose(cells.varm["gene_embedding"], table.to_numpy(), rtol=1e-6)
