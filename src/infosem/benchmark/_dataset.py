"""Data sets with known networks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import anndata
import joblib
import numpy as np
import pandas as pd
from anndata import AnnData

from infosem.benchmark._identity import content
from infosem.benchmark._simulated import Simulated
from infosem.benchmark._truth import Truth, read_truth
from infosem.benchmark._typed import check_fields, check_name
from infosem.data._checks import require_columns
from infosem.model._quiet import quiet
from infosem.pp import embed_terms, gene_text

TERMS = "terms"
"""``varm``: embeddings of gene texts by their terms."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Cells and their known networks.

    Parameters
    ----------
    name
        Name of the data set in the results.
    source
        The data: an AnnData object, the path of an h5ad file, or a simulator.
    networks
        Ground truths by name. Each is a key of ``varp``, or a table with columns ``source`` and ``target``.
    regulator_key
        Boolean column of ``var`` that marks regulators. By default the genes with a known target.
    all_regulate
        Whether to treat every gene as a regulator, if the regulators are unknown.
    allow_few
        Whether to accept tables of edges of which fewer than a tenth of what could match the data does.
    signed
        Whether negative values of a network in ``varp`` are also edges, namely repressive ones.
    descriptions
        Path of a table of gene descriptions, with columns ``symbol`` and ``summary``. Accuracies are then also computed
        for thirds of the regulators by length of the summary. Symbols are matched in upper case.
    texts
        Path of a table for :func:`infosem.pp.gene_text`, if the data are in a file. The gene texts are embedded by
        their terms (:func:`infosem.pp.embed_terms`) in ``varm["terms"]``.
    """

    name: str
    source: AnnData | Path | Simulated = field(repr=False)
    networks: Mapping[str, str | pd.DataFrame] = field(repr=False)
    regulator_key: str | None = None
    all_regulate: bool = False
    signed: bool = False
    allow_few: bool = False
    descriptions: Path | None = None
    texts: Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.networks, str | list | tuple):
            raise TypeError(
                f"networks={self.networks!r} must map each name to a key of varp or a table: "
                "networks={'chip': 'chip'}."
            )
        check_fields(self, owner=f"the data set {self.name!r}")
        check_name(self.name, "a data set")
        for network in self.networks:
            check_name(network, "a network")
        if not self.networks:
            raise ValueError(f"The data set {self.name!r} has no network; name one: networks={{'chip': 'chip'}}.")
        if self.all_regulate and self.regulator_key is not None:
            raise ValueError(
                f"regulator_key={self.regulator_key!r} of the data set {self.name!r} selects regulators, but "
                "all_regulate=True selects all genes. Pass only one of the two."
            )

    def load(self) -> AnnData:
        """Return the data."""
        if isinstance(self.source, Simulated):
            return self.source.draw()
        if isinstance(self.source, AnnData):
            return self.source
        return _read(_state(self.source), None if self.texts is None else _state(self.texts))

    def truth(self, network: str) -> Truth:
        """Return the ground truth of this name. Raise if it cannot be used."""
        if network not in self._truths:
            self._truths[network] = read_truth(
                self.load(),
                self.networks[network],
                regulator_key=self.regulator_key,
                all_regulate=self.all_regulate,
                signed=self.signed,
                allow_few=self.allow_few,
            )
        return self._truths[network]

    @cached_property
    def _truths(self) -> dict[str, Truth]:
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the files, of the data that are read, or of the simulator, which identifies the results."""
        # a key that equals the name of its network is already part of the job
        elsewhere = {
            name: content(where)
            for name, where in self.networks.items()
            if isinstance(where, pd.DataFrame) or where != name
        }
        digest = hashlib.sha256(f"{self.regulator_key} {sorted(elsewhere.items())}".encode())
        digest.update(f"{'all regulate' * self.all_regulate}{'signed' * self.signed}".encode())
        if isinstance(self.source, Simulated):
            digest.update(self.source.identity.encode())
        elif isinstance(self.source, AnnData):
            adata = self.source
            keys = [key for key in self.networks.values() if isinstance(key, str) and key in adata.varp]
            parts = (adata.X, adata.var, dict(adata.varm), {key: adata.varp[key] for key in keys})
            digest.update("".join(map(joblib.hash, parts)).encode())
        else:
            for path in [self.source] if self.texts is None else [self.source, self.texts]:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def text_lengths(self) -> np.ndarray | None:
        """Return the length of the description of each gene, ``(G,)``, or ``None`` without descriptions."""
        if self.descriptions is None:
            return None
        table = _read_descriptions(_state(self.descriptions))
        return table.reindex(self.load().var_names.str.upper(), fill_value=0).to_numpy()


_State = tuple[Path, int, int]


def _state(path: Path) -> _State:
    """Return path, time and size of a file, so that a rewritten file is not taken from the cache."""
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2)
def _read_descriptions(file: _State) -> pd.Series:
    path = file[0]
    # a gene may be called NA
    table = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    require_columns(table, ("symbol", "summary"), str(path))
    return table["summary"].str.len().groupby(table["symbol"].str.upper()).max()


@lru_cache(maxsize=2)
def _read(file: _State, texts: _State | None) -> AnnData:
    adata = anndata.read_h5ad(file[0])
    if texts is not None:
        with quiet():
            gene_text(adata, texts[0], ignore_case=True)
            embed_terms(adata, key_added=TERMS)
    return adata
