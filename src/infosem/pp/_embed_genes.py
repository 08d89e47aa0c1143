"""Gene embeddings from a language model."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import numpy as np
from anndata import AnnData
from tqdm.auto import tqdm

from infosem.data import _keys
from infosem.data._arguments import whole_number
from infosem.pp._embedding_cache import EmbeddingCache
from infosem.pp._texts import texts_of
from infosem.pp._write_embedding import require_embedding_place, write_embedding

logger = logging.getLogger(__name__)


def embed_genes(
    adata: AnnData,
    model: str | Path = "dmis-lab/biobert-v1.1",
    *,
    text_key: str = _keys.GENE_TEXT,
    pooling: Literal["mean", "cls"] = "mean",
    normalise: bool = False,
    max_length: int | None = None,
    batch_size: int = 32,
    device: str = "auto",
    revision: str | None = None,
    cache: str | Path | Literal["auto"] | None = "auto",
    key_added: str = _keys.GENE_EMBEDDING,
    progress: bool = True,
) -> None:
    """Embed gene texts with a language model and write the vectors to ``varm[key_added]``.

    Genes without a text have rows of NaN. Vectors are cached on disk by model, settings and text as they are computed.
    An interrupted call therefore resumes where it stopped, and other data sets reuse the vectors of shared genes.

    This function has been tested with models in local folders and with a local stand-in for the Hugging Face hub, not
    with the live hub.

    Parameters
    ----------
    adata
        Annotated data matrix, cells x genes.
    model
        Model of the transformers library: a local folder, which needs no internet connection, or a name on the Hugging
        Face hub.
    text_key
        Column of ``var`` with the texts. See :func:`infosem.pp.gene_text`.
    pooling
        ``"mean"`` averages the last hidden states of all tokens. ``"cls"`` takes the last hidden state of the first.
    normalise
        Whether to scale vectors to unit length, as sentence models expect.
    max_length
        Maximum number of tokens read from a text. By default the maximum of the model.
    batch_size
        Number of texts per batch.
    device
        Torch device. ``"auto"`` uses a GPU if available.
    revision
        Commit, tag or branch of the model on the hub.
    cache
        Folder of the cached vectors. ``"auto"`` is ``~/.cache/infosem/embeddings``, ``None`` disables the cache.
    key_added
        Key in ``varm`` for the embeddings, and in ``uns`` for a record of how they were computed.
    progress
        Whether to show progress bars.

    Raises
    ------
    OSError
        If the model cannot be found.
    ValueError
        If no gene has a text, or an argument is out of range.
    """
    from infosem.pp._language_model import LanguageModel  # torch takes seconds to import

    require_embedding_place(adata, key_added)
    if pooling not in ("mean", "cls"):
        raise ValueError(f"pooling={pooling!r} must be 'mean' or 'cls'.")
    batch_size = whole_number(batch_size, "batch_size", least=1)
    if max_length is not None:
        max_length = whole_number(
            max_length, "max_length", least=1, what="the number of tokens of a text that are read"
        )
    texts = texts_of(adata, text_key)
    # sorted by length, so that batches need little padding
    distinct = sorted({text for text in texts if text}, key=lambda text: (-len(text), text))
    encoder = LanguageModel(
        str(model),
        revision=revision,
        pooling=pooling,
        normalise=normalise,
        max_length=max_length,
        device=device,
        progress=progress,
    )
    kept = EmbeddingCache(cache, encoder.identity, width=encoder.width)
    try:
        vectors = kept.get(distinct)
        missing = [text for text in distinct if text not in vectors]
        logger.info("%d texts, %d of them in the cache; computing on %s.", len(distinct), len(vectors), encoder.device)
        for start in tqdm(range(0, len(missing), batch_size), desc="texts", disable=not progress or not missing):
            batch = missing[start : start + batch_size]
            embedded = dict(zip(batch, encoder.embed(batch).numpy(), strict=True))
            kept.add(embedded)
            vectors.update(embedded)
    finally:
        kept.close()
    provenance = {
        "source": Path(model).resolve().name if Path(model).is_dir() else str(model),
        "revision": encoder.revision,
        "pooling": pooling,
        "normalise": normalise,
        "max_length": encoder.max_length,
        "text_key": text_key,
    }
    rows = np.stack([vectors[text] for text in texts if text])
    write_embedding(
        adata, rows, np.array(texts) != "", key_added=key_added, made_by="pp.embed_genes", provenance=provenance
    )
