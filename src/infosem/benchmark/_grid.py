"""Benchmark grids: methods x data sets x networks x splits x seeds, as a list of jobs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import pandas as pd

from infosem.benchmark._dataset import Dataset
from infosem.benchmark._file_names import file_name
from infosem.benchmark._method import Method
from infosem.benchmark._splits import BLOCKS, BLOCKS_OF, SPLITS, Split, split_seeds
from infosem.benchmark._typed import check_fields, check_name


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A method and the conditions under which it runs.

    Parameters
    ----------
    method
        Method with its hyper-parameters.
    name
        Name in the results. By default the title of the method.
    variants
        Hyper-parameters that differ for single networks, by name of the network.
    datasets, networks, n_splits, splits
        Data sets, networks, number of first splits, and kinds of split to which the entry is restricted. ``None`` uses
        all of the grid.
    cells
        Share of the cells that the method receives, drawn with the seed.
    balanced
        Whether to subsample the non-edges of each regulator, with the seed, to as many training labels as edges.
    keep_scores
        Whether to write the scores of the first split to ``scores/<job>_<network>.npy`` beside the results, with one
        row per regulator with a known target, in the order of ``regulators`` of :class:`infosem.benchmark.Truth`, and
        one column per gene. A job with missing scores is run again.
    """

    method: Method
    name: str = ""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    datasets: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    n_splits: int | None = None
    splits: tuple[str, ...] | None = None
    cells: float = 1.0
    balanced: bool = False
    keep_scores: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.method, Method):
            raise TypeError(
                f"method={self.method!r} of an entry must be an instance of a method: Entry(method=methods.Pearson())."
            )
        check_fields(self, owner=self.title)
        check_name(self.title, "a method")
        if not 0 < self.cells <= 1:
            raise ValueError(f"cells={self.cells!r} of {self.title} must be a share of the cells, above 0, at most 1.")
        if self.n_splits is not None and self.n_splits < 1:
            raise ValueError(
                f"n_splits={self.n_splits} of {self.title} must be at least one; leave it out for those of the grid."
            )
        for name in ("datasets", "networks", "splits"):
            if getattr(self, name) == ():
                raise ValueError(f"{name} of {self.title} is empty, so that nothing would run; leave it out for all.")
        for network in self.variants:
            self.on(network)

    def on(self, network: str) -> Method:
        """Return the method with its hyper-parameters for a network."""
        changed = self.variants.get(network, {})
        known = [field.name for field in fields(self.method)]
        unknown = sorted(set(changed) - set(known))
        if unknown:
            raise ValueError(
                f"variants.{network} of {self.title} has unknown keys {', '.join(unknown)}; known are "
                f"{', '.join(known) or 'none'}."
            )
        return replace(self.method, **changed)

    @property
    def title(self) -> str:
        """Name in the results."""
        return self.name or self.method.title or type(self.method).__name__


@dataclass(frozen=True, kw_only=True)
class Job:
    """One fit, and the splits on which it is scored.

    ``networks`` and ``split_seeds`` have one element each if the method reads labels.
    """

    dataset: Dataset
    entry: Entry
    method: Method
    networks: tuple[str, ...]
    split_kind: str
    split_seeds: tuple[int, ...]
    seed: int

    @cached_property
    def key(self) -> str:
        """Key of the job in the results, determined by method, hyper-parameters, conditions, data and splits."""
        parts = (
            self.dataset.name,
            self.dataset.fingerprint,
            self.entry.title,
            self.method.identity,
            self.entry.cells,
            self.entry.balanced,
            self.networks,
            self.split_kind,
            self.split_seeds,
            self.seed,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def keeps_scores(self) -> bool:
        """Whether the job keeps its scores, which are those of the first split."""
        return self.entry.keep_scores and 0 in self.split_seeds

    @property
    def blocks(self) -> tuple[str, ...]:
        """Scored blocks."""
        return BLOCKS_OF[self.split_kind]

    def cells(self) -> Iterator[dict[str, Any]]:
        """Yield the identifying columns of each row of the results, in order."""
        for network in self.networks:
            for split in self.split_seeds:
                for block in self.blocks:
                    yield {
                        "dataset": self.dataset.name,
                        "network": network,
                        "method": self.entry.title,
                        "split_kind": self.split_kind,
                        "split": split,
                        "seed": self.seed,
                        "cells": self.entry.cells,
                        "balanced": self.entry.balanced,
                        "block": block,
                        "job": self.key,
                    }


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Grid of methods x data sets x networks x splits x seeds.

    Parameters
    ----------
    datasets, entries
        Data sets, and methods to run on them, in the order of the results.
    n_splits
        Number of splits per data set and network, with seeds 0, 1, ... A whole network is scored once.
    splits
        Kinds of split: ``"unseen_genes"``, ``"per_regulator"``, ``"whole_network"``.
    seeds
        Random seeds of the methods.
    """

    datasets: tuple[Dataset, ...]
    entries: tuple[Entry, ...]
    n_splits: int = 10
    splits: tuple[str, ...] = ("unseen_genes",)
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        check_fields(self, owner="the grid")
        if self.n_splits < 1:
            raise ValueError(f"n_splits={self.n_splits!r} must be a whole number, at least one.")
        for what, values in (("splits", self.splits), ("seeds", self.seeds)):
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{what}={values!r} of the grid must be one or more distinct values.")
        if min(self.seeds) < 0:
            raise ValueError(f"seeds={self.seeds!r} of the grid must not be negative.")
        datasets = {dataset.name for dataset in self.datasets}
        networks = {network for dataset in self.datasets for network in dataset.networks}
        _check_names("the grid", "kind of split", self.splits, SPLITS)
        for entry in self.entries:
            _check_names(entry.title, "kind of split", entry.splits, SPLITS)
            _check_names(entry.title, "data set", entry.datasets, datasets)
            _check_names(entry.title, "network", entry.networks, networks)
            _check_names(entry.title, "network", entry.variants, networks)
        for what, names in (
            ("data set", [dataset.name for dataset in self.datasets]),
            ("method", [entry.title for entry in self.entries]),
        ):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"Two {what}s are called {', '.join(sorted(twice))}: give each its own name.")
        for entry in self.entries if self.datasets else ():
            self._check_that_it_runs(entry)

    def _check_that_it_runs(self, entry: Entry) -> None:
        kinds = [kind for kind in self.splits if entry.splits is None or kind in entry.splits]
        if not kinds:
            raise ValueError(
                f"{entry.title} would not run: its splits are {', '.join(entry.splits or ())}, those of the grid "
                f"{', '.join(self.splits)}."
            )
        chosen = [d for d in self.datasets if entry.datasets is None or d.name in entry.datasets]
        if not any(entry.networks is None or network in entry.networks for d in chosen for network in d.networks):
            raise ValueError(
                f"{entry.title} would not run: none of the data sets {', '.join(d.name for d in chosen)} has a network "
                f"{' or '.join(entry.networks or ())}."
            )

    def jobs(self) -> list[Job]:
        """Return all jobs, ordered by method."""
        return [
            job
            for entry in self.entries
            for dataset in self.datasets
            if entry.datasets is None or dataset.name in entry.datasets
            for kind in self.splits
            if entry.splits is None or kind in entry.splits
            for seed in self.seeds
            for job in self._jobs(dataset, entry, kind, seed)
        ]

    def _jobs(self, dataset: Dataset, entry: Entry, kind: str, seed: int) -> Iterator[Job]:
        n_splits = self.n_splits if entry.n_splits is None else min(entry.n_splits, self.n_splits)
        splits = split_seeds(kind, n_splits)
        by_method: dict[str, tuple[Method, list[str]]] = {}
        for network in dataset.networks:
            if entry.networks is None or network in entry.networks:
                method = entry.on(network)
                by_method.setdefault(method.identity, (method, []))[1].append(network)
        for method, networks in by_method.values():
            fits = (
                [((network,), (split,)) for network in networks for split in splits]
                if method.uses_labels
                else [(tuple(networks), splits)]
            )
            for group, seeds in fits:
                yield Job(
                    dataset=dataset, entry=entry, method=method, networks=group, split_kind=kind,
                    split_seeds=seeds, seed=seed,
                )  # fmt: skip


def _check_names(where: str, what: str, named: Iterable[str] | None, there: Iterable[str]) -> None:
    unknown = sorted(set(named or ()) - set(there))
    if unknown:
        raise ValueError(f"{unknown[0]!r} of {where} is not a known {what}; there are {', '.join(sorted(there))}.")


def describe_splits(grid: Grid) -> tuple[pd.DataFrame, list[tuple[str, Split]]]:
    """Return a table of the sizes and checksums of all splits of a grid, and the splits with a file name for each."""
    rows, splits = [], []
    blocks = [block for block in BLOCKS if any(block in BLOCKS_OF[kind] for kind in grid.splits)]
    for dataset in grid.datasets:
        for network in dataset.networks:
            truth = dataset.truth(network)
            for kind in grid.splits:
                for seed in split_seeds(kind, grid.n_splits):
                    split = SPLITS[kind](truth, seed)
                    splits.append((file_name(dataset.name, network, kind, str(seed)), split))
                    counts = {
                        f"{what}_{block}": int(count)
                        for block in blocks
                        for what, count in (
                            ("pairs", len(split.block(block))), ("edges", split.block(block).is_edge.sum())
                        )
                    }  # fmt: skip
                    rows.append(
                        {"dataset": dataset.name, "network": network, "kind": kind, "seed": seed, **counts,
                         "sha256": split.checksum}
                    )  # fmt: skip
    names = [name for name, _ in splits]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Two splits are called {twice[0]!r}: give a data set or a network another name.")
    return pd.DataFrame(rows), splits
