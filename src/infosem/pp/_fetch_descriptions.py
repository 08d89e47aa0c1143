"""Gene descriptions from MyGene.info, cached on disk."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from tqdm.auto import tqdm

from infosem.data._arguments import whole_number
from infosem.data._names import listed
from infosem.files._cache import Kept

logger = logging.getLogger(__name__)

SCOPES = ("symbol", "alias", "ensembl.gene")
FIELDS = ("symbol", "name", "summary", "alias", "ensembl.gene")
LARGEST_BATCH = 1000
"""Maximum number of names per request."""
_SPECIES = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,_-]*")


def fetch_descriptions(
    genes: Iterable[str],
    *,
    species: str | int = "human",
    batch_size: int = 500,
    cache: str | Path | Literal["auto"] | None = "auto",
    progress: bool = True,
) -> pd.DataFrame:
    """Fetch gene descriptions from `MyGene.info <https://mygene.info>`_ for :func:`infosem.pp.gene_text`.

    ``infosem.pp.gene_text(adata, infosem.pp.fetch_descriptions(adata.var_names, species="mouse"))``

    Answers, including empty ones, are cached on disk by species and name as they arrive. An interrupted call therefore
    resumes where it stopped, and repeated queries need no internet connection. Summaries are those of RefSeq, which few
    mouse genes have. Requires the client of the service: ``pip install "infosem[fetch]"``.

    This function has been tested with a local server that imitates the service, not with the live service.

    Parameters
    ----------
    genes
        Gene symbols, aliases or Ensembl ids.
    species
        ``"human"``, ``"mouse"``, another common name known to the service, or a taxonomy id.
    batch_size
        Number of names per request, at most 1000.
    cache
        Folder of the cached answers. ``"auto"`` is ``~/.cache/infosem/descriptions``, ``None`` disables the cache.
        Delete the folder to fetch all answers again.
    progress
        Whether to show a progress bar.

    Returns
    -------
    DataFrame of all genes that match one of the names, with one row for each Ensembl id of a gene and the columns
    ``symbol``, ``name``, ``summary``, ``aliases`` (separated by ``|``) and ``ensembl_id``.

    Raises
    ------
    ImportError
        If the client is not installed.
    OSError
        If the service cannot be reached or returns an error.
    ValueError
        If there are no names, ``batch_size`` is out of range, or ``species`` is not a valid name.
    """
    if isinstance(genes, str):
        raise TypeError(f"genes={genes!r} must be a list of names, such as adata.var_names.")
    names = [name for name in dict.fromkeys(str(gene).strip() for gene in genes) if name]
    if not names:
        raise ValueError("genes is empty. Pass names: adata.var_names.")
    batch_size = whole_number(batch_size, "batch_size", least=1, most=LARGEST_BATCH)
    file = f"mygene_{_checked(species)}.sqlite"
    with closing(Kept(cache, "descriptions", file, table="answers", key="name", value="hits")) as kept:
        answers = _known(kept, names)
        missing = [name for name in names if name not in answers]
        logger.info("%d names, %d of them in the cache.", len(names), len(answers))
        for batch in tqdm(list(_batches(missing, batch_size)), desc="genes", disable=not progress or not missing):
            answered = _ask(batch, species)
            kept.add({name: json.dumps(hits) for name, hits in answered.items()})
            answers |= answered
    unknown = [name for name in names if not answers.get(name)]
    known = len(names) - len(unknown)
    logger.info("Found %d of %d names (%s). Not found: %s.", known, len(names), species, listed(unknown) or "none")
    hits = {hit["_id"]: hit for name in names for hit in answers.get(name, ())}
    rows = [row for hit in hits.values() for row in _rows(hit)]
    return pd.DataFrame(rows, columns=["symbol", "name", "summary", "aliases", "ensembl_id"])


def _checked(species: str | int) -> str:
    """Return the species as text, if it can be part of a file name."""
    if not isinstance(species, str | Integral) or not _SPECIES.fullmatch(str(species)):
        raise ValueError(
            f"species={species!r} must be a common name such as 'human' or 'mouse', or a taxonomy id such as 9606."
        )
    return str(species)


def _known(kept: Kept, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for name in names:
        try:
            hits = json.loads(kept.get(name) or "null")
        except (TypeError, ValueError):  # a damaged entry is fetched again
            continue
        if isinstance(hits, list) and all(isinstance(hit, dict) and {"_id", "symbol"} <= hit.keys() for hit in hits):
            found[name] = hits
    return found


def _batches(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _ask(names: list[str], species: str | int) -> dict[str, list[dict[str, Any]]]:
    """Return the answer of the service for each name. Names with a failed lookup are left out."""
    try:
        from httpx import HTTPError  # what the client raises
        from mygene import MyGeneInfo
    except ImportError as error:
        raise ImportError('The client of MyGene.info is not installed: pip install "infosem[fetch]".') from error
    try:
        hits = MyGeneInfo().querymany(names, scopes=SCOPES, fields=FIELDS, species=species, verbose=False)
    except (HTTPError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise OSError(
            f"MyGene.info did not answer ({reason}). With a cache, the same call resumes where this one stopped. "
            "Without an internet connection, pass your own table: infosem.pp.gene_text(adata, table)."
        ) from error
    answers: dict[str, list[dict[str, Any]]] = {}
    for hit in hits:
        if not hit.get("error"):
            answers.setdefault(hit["query"], []).extend([hit] if "symbol" in hit else [])
    return answers


def _rows(hit: dict[str, Any]) -> Iterator[tuple[str, str | None, str | None, str, str | None]]:
    """Return the rows of a gene. The service sends a single value without a list around it."""
    aliases = "|".join(_listed(hit.get("alias")))
    for ensembl in _listed(hit.get("ensembl")) or [{}]:
        yield hit["symbol"], hit.get("name"), hit.get("summary"), aliases, ensembl.get("gene")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
