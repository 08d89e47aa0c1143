"""Embeddings of the genes' texts by the words that they use."""

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
    r"""Embed the genes' texts by their terms and write the vectors to ``varm[key_added]``, NaN for a gene without one.

    .. math:: x_{gt} = (1 + \log n_{gt}) \left( 1 + \log \tfrac{1 + n}{1 + n_t} \right)

    with :math:`n_{gt}` the number of times that the text of gene :math:`g` has the word :math:`t`, and :math:`n_t` of
    :math:`n` texts having it; then the leading components of their singular value decomposition (latent semantic
    analysis). Needs no language model and no network. Rows are not scaled to one length, so that the vectors tell how
    much is written about a gene too. English stop words are left out.

    Beside a language model: :func:`infosem.pp.combine_embeddings`.

    Parameters
    ----------
    adata
        Cells x genes.
    text_key
        Column of ``var`` with the texts; see :func:`infosem.pp.gene_text`.
    n_components
        Width of the vectors; less where there are fewer texts or words.
    min_genes
        Words that fewer texts have are left out, and so are those of more than half of them.
    seed
        Of the decomposition.
    key_added
        Key in ``varm`` and, for what was done, in ``uns``.

    Raises
    ------
    KeyError
        If there is no such column.
    ValueError
        If no gene has a text, or no word is shared by as many texts.
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
            f"{counts.shape[0]} texts with {counts.shape[1]} shared words are too few for an embedding: describe more "
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
