"""Text embeddings of the genes by a language model."""

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
    """Embed the genes' texts and write the vectors to ``varm[key_added]``, a row of NaN for a gene without a text.

    Vectors are kept on disk by model, setting and text as they are computed: an interrupted call goes on where it was,
    and other data sets find the genes that they share.

    Tested with models in folders and with a local stand-in of the Hugging Face hub; not verified against the live one.

    Parameters
    ----------
    adata
        Cells x genes.
    model
        A model of the transformers library: a folder, which needs no network, or a name on the Hugging Face hub.
    text_key
        Column of ``var`` with the texts; see :func:`infosem.pp.gene_text`.
    pooling
        ``"mean"`` of the tokens' last hidden states, or that of the first token, ``"cls"``.
    normalise
        Whether vectors are scaled to length one, as sentence models expect.
    max_length
        Tokens of a text that are read; by default as many as the model can.
    batch_size
        Texts at a time.
    device
        Of torch; ``"auto"`` is a GPU if there is one.
    revision
        Commit, tag or branch of the model on the hub.
    cache
        Folder of the vectors on disk; ``"auto"`` is ``~/.cache/infosem/embeddings``, ``None`` keeps none.
    key_added
        Key in ``varm`` and, for what was done, in ``uns``.
    progress
        Whether to show progress bars.

    Raises
    ------
    OSError
        If the model is not there.
    ValueError
        If no gene has a text, or an argument is not as it must be.
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
    # texts of like lengths together, so that a batch has little padding
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
        logger.info("%d texts, %d of them embedded before; on %s.", len(distinct), len(vectors), encoder.device)
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
