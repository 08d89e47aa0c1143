"""The texts of the genes, as they were written to AnnData."""

from __future__ import annotations

from anndata import AnnData

from infosem.data._checks import require_key


def texts_of(adata: AnnData, key: str) -> list[str]:
    """Text of each gene, empty where there is none; raises if there is no column, or no gene has a text."""
    hint = "Write it, infosem.pp.gene_text(adata, table), or name a column of texts: text_key=."
    require_key(adata, "var", key, hint=hint)
    texts: list[str] = adata.var[key].astype(object).fillna("").astype(str).str.strip().tolist()
    if not any(texts):
        raise ValueError(f"adata.var[{key!r}] is empty for every gene. Fill it: infosem.pp.gene_text(adata, ...).")
    return texts
