"""Gene texts in AnnData."""

from __future__ import annotations

from anndata import AnnData

from infosem.data._checks import require_key


def texts_of(adata: AnnData, key: str) -> list[str]:
    """Return the text of each gene, empty for genes without one. Raise if the column or all texts are missing."""
    hint = "Write it with infosem.pp.gene_text(adata, table), or pass text_key= with another column of texts."
    require_key(adata, "var", key, hint=hint)
    texts: list[str] = adata.var[key].astype(object).fillna("").astype(str).str.strip().tolist()
    if not any(texts):
        raise ValueError(f"adata.var[{key!r}] is empty for every gene. Fill it: infosem.pp.gene_text(adata, ...).")
    return texts
