"""Blood cells with text and literature priors, without a download."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from infosem.data import _keys
from infosem.data._places import EMBEDDING, note
from infosem.data._scanpy import import_scanpy
from infosem.pp import known_interactions

_TARGET_SUM = 1e4


def pbmc() -> AnnData:
    """Load the blood cells ``pbmc68k_reduced`` bundled with scanpy, with regulators, text embeddings and known edges.

    The data set has 700 peripheral blood mononuclear cells and 765 genes. ``X`` holds the log-normalised expression
    that scanpy ships as ``raw``.

    - ``layers["counts"]``: the counts, which the normalisation to 10,000 and ``obs["n_counts"]`` give back.
    - ``var["is_regulator"]``: 26 transcription factors and cofactors among the genes.
    - ``var["text"]``, ``varm["gene_embedding"]``: one sentence on the function of 130 of the genes, and its latent
      semantic analysis (TF-IDF of words and word pairs, truncated SVD to 32 components). Other genes have a row of NaN.
      The texts are real but short, so expect less than from the embedding of a language model.
    - ``varp["known_interactions"]``, ``uns["known_edges"]``: 14 edges from the literature with their references. There
      are no known non-edges.

    Returns
    -------
    AnnData, cells x genes.
    """
    adata = import_scanpy().datasets.pbmc68k_reduced().raw.to_adata()
    for attribute in (adata.obsp, adata.uns):
        attribute.clear()
    normalised = adata.X.expm1()
    counts = normalised.multiply(adata.obs["n_counts"].to_numpy()[:, None] / _TARGET_SUM)
    adata.layers["counts"] = counts.rint().tocsr().astype(np.float32)
    genes = pd.read_csv(_resource("pbmc_genes.tsv"), sep="\t", index_col="symbol").reindex(adata.var_names)
    adata.var[_keys.IS_REGULATOR] = (genes["is_regulator"] == "yes").to_numpy()
    adata.var["text"] = genes["text"].fillna("").to_numpy()
    adata.varm[_keys.GENE_EMBEDDING] = _semantic_vectors(adata.var["text"])
    adata.uns[_keys.GENE_EMBEDDING] = note("datasets.pbmc", EMBEDDING, source="terms", text_key="text")
    edges = pd.read_csv(_resource("pbmc_known_edges.csv"))
    known_interactions(adata, edges)
    adata.uns["known_edges"] = edges
    return adata


def _resource(name: str) -> str:
    return str(files("infosem.datasets") / name)


def _semantic_vectors(texts: pd.Series, n_components: int = 32) -> np.ndarray:
    described = (texts != "").to_numpy()
    weights = TfidfVectorizer(ngram_range=(1, 2), stop_words="english", sublinear_tf=True).fit_transform(
        texts[described]
    )
    vectors = np.full((len(texts), n_components), np.nan, dtype=np.float32)
    vectors[described] = TruncatedSVD(n_components, random_state=0).fit_transform(weights)
    return vectors
