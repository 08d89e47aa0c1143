"""Gene embeddings from the terms in gene texts."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from infosem.data import _keys
from infosem.data._arguments import LARGEST_OF_NUMPY, seed_number, whole_number
from infosem.pp._texts import texts_of
from infosem.pp._write_embedding import require_embedding_place, write_embedding


def embed_terms(
    adata: AnnData,
    *,
    text_key: str = _keys.GENE_TEXT,
    n_components: int = 256,
    min_genes: int = 3,
    seed: int = 0,
    key_added: str = _keys.GENE_EMBEDDING,
) -> None:
    r"""Embed gene texts by latent semantic analysis and write the vectors to ``varm[key_added]``.

    Texts are represented by their TF-IDF values

    .. math:: x_{gt} = (1 + \log n_{gt}) \left( 1 + \log \tfrac{1 + n}{1 + n_t} \right)

    where :math:`n_{gt}` is the number of occurrences of word :math:`t` in the text of gene :math:`g`, and :math:`n_t`
    of :math:`n` texts contain the word. The embedding consists of the leading components of their singular value
    decomposition. This needs neither a language model nor an internet connection. Rows are not normalised, so that the
    vectors also reflect how much is written about a gene. English stop words are left out. Genes without a text have
    rows of NaN.

    Use :func:`infosem.pp.combine_embeddings` to combine the result with the embedding of a language model.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    text_key
        Column of ``var`` with the texts. See :func:`infosem.pp.gene_text`.
    n_components
        Number of dimensions of the vectors. Fewer if there are fewer texts or words.
    min_genes
        Minimum number of texts that contain a word. Rarer words are left out, and so are words in more than half of the
        texts.
    seed
        Random seed of the decomposition.
    key_added
        Key in ``varm`` for the embeddings, and in ``uns`` for a record of how they were computed.

    Raises
    ------
    KeyError
        If the column ``text_key`` is missing.
    ValueError
        If no gene has a text, or too few words are shared by ``min_genes`` texts.
    """
    require_embedding_place(adata, key_added)
    n_components = whole_number(n_components, "n_components", least=1)
    min_genes, seed = whole_number(min_genes, "min_genes", least=1), seed_number(seed, most=LARGEST_OF_NUMPY)
    texts = np.array(texts_of(adata, text_key), dtype=object)
    has_text = texts != ""
    terms = TfidfVectorizer(
        min_df=min_genes,
        max_df=0.5,
        sublinear_tf=True,
        norm=None,
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z][\w-]+\b",
        dtype=np.float32,
    )
    try:
        counts = terms.fit_transform(texts[has_text])
    except ValueError as error:
        raise ValueError(
            f"The {has_text.sum()} texts of adata.var[{text_key!r}] share no words ({error}). Pass a lower min_genes "
            f"than {min_genes}, or describe more genes: infosem.pp.gene_text(adata, ...)."
        ) from error
    width = min(n_components, *(size - 1 for size in counts.shape))
    if width < 1:
        raise ValueError(
            f"{counts.shape[0]} texts with {counts.shape[1]} shared words are too few for an embedding. Describe more "
            "genes: infosem.pp.gene_text(adata, ...)."
        )
    vectors = TruncatedSVD(width, random_state=seed).fit_transform(counts)
    provenance = {
        "source": "terms",
        "n_terms": counts.shape[1],
        "min_genes": min_genes,
        "seed": seed,
        "text_key": text_key,
    }
    write_embedding(adata, vectors, has_text, key_added=key_added, made_by="pp.embed_terms", provenance=provenance)
