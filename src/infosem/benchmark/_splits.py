"""Splits of a ground truth into training labels and test blocks, seeded and with a checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from infosem.benchmark._method import Labels
from infosem.benchmark._truth import Truth

TRAIN = "train"
VALIDATION = "validation"
UNSEEN_INTERACTIONS = "unseen_interactions"
UNSEEN_GENES = "unseen_genes"
UNSEEN_GENES_ALL_TARGETS = "unseen_genes_all_targets"
UNSEEN_REGULATORS_AS_TARGETS = "unseen_regulators_as_targets"
ALL_PAIRS = "all_pairs"
WHOLE_NETWORK = "whole_network"

BLOCKS = MappingProxyType(
    {
        TRAIN: (TRAIN,),
        UNSEEN_INTERACTIONS: (UNSEEN_INTERACTIONS,),
        UNSEEN_GENES: (UNSEEN_GENES,),
        UNSEEN_GENES_ALL_TARGETS: (UNSEEN_GENES, UNSEEN_REGULATORS_AS_TARGETS),
        ALL_PAIRS: (ALL_PAIRS,),
    }
)
"""Blocks that are scored, and the parts of a split that each is made of."""


@dataclass(frozen=True)
class Split:
    """Pairs of a regulator and a target with their label, each in one part.

    Attributes
    ----------
    kind, seed
        How it was made: the same truth, kind and seed give the same split.
    gene_names
        All genes of the data, ``(G,)``.
    source, target
        Indices of regulator and target among them, ``(n,)``.
    is_edge
        The label, ``(n,)``.
    part
        Name of the part, ``(n,)``.
    """

    kind: str
    seed: int
    gene_names: np.ndarray
    source: np.ndarray
    target: np.ndarray
    is_edge: np.ndarray
    part: np.ndarray

    def __repr__(self) -> str:
        names, sizes = np.unique(self.part.astype(str), return_counts=True)
        parts = ", ".join(f"{size} {name}" for name, size in zip(names, sizes, strict=True))
        return f"Split {self.kind!r}, seed {self.seed}: {parts}"

    @property
    def training_labels(self) -> Labels:
        """The only labels that a method may see."""
        return self.block(TRAIN)

    def block(self, name: str) -> Labels:
        """Pairs and labels of a block: ``"train"``, ``"unseen_interactions"``, ``"unseen_genes"``..."""
        rows = np.isin(self.part, BLOCKS[name])
        return Labels(self.source[rows], self.target[rows], self.is_edge[rows])

    def table(self) -> pd.DataFrame:
        """The split with columns ``source``, ``target``, ``label``, ``part``, sorted by the genes' names."""
        table = pd.DataFrame(
            {
                "source": self.gene_names[self.source],
                "target": self.gene_names[self.target],
                "label": self.is_edge.astype(int),
                "part": self.part,
            }
        )
        return table.sort_values(["source", "target"], ignore_index=True)

    @property
    def checksum(self) -> str:
        """SHA-256 of :meth:`table` as CSV with a header and LF line ends."""
        return hashlib.sha256(self.table().to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def split_unseen_genes(truth: Truth, seed: int) -> Split:
    """Hold out genes, and of the pairs between the others hold out interactions (section 4.2 of the paper).

    A quarter of the regulators with a known target, a quarter of the other regulators and a quarter of the other genes
    that have a known regulator are *unseen*: no pair that touches them is in training, in either role. The pairs
    between seen genes are divided 3:1 into ``train`` and ``unseen_interactions``, within the edges and the non-edges
    of every regulator. Unseen regulators x unseen targets that are no regulators form the part ``unseen_genes``, with
    unseen targets that are regulators ``unseen_regulators_as_targets``; a target without an edge in the block is left
    out of it, as the paper's share of positives shows.

    Raises
    ------
    ValueError
        If fewer than two regulators or two targets have known edges.
    """
    rng = np.random.default_rng(seed)
    labelled = truth.regulators
    others = np.setdiff1d(truth.targets, labelled)
    if len(labelled) < 2 or len(others) < 2:
        raise ValueError(
            f"{len(labelled)} regulators have known targets and {len(others)} other genes known regulators; genes can "
            "be held out from two of each."
        )
    unseen = np.zeros(len(truth.gene_names), dtype=bool)
    for genes in (labelled, others[truth.is_regulator[others]], others[~truth.is_regulator[others]]):
        if len(genes):
            unseen[rng.permutation(genes)[: max(1, round(len(genes) / 4))]] = True

    seen_pairs = _pairs(truth, labelled[~unseen[labelled]], truth.targets[~unseen[truth.targets]])
    held_out = _within_groups(*seen_pairs, rng, {UNSEEN_INTERACTIONS: 0.25})
    block = _pairs(truth, labelled[unseen[labelled]], truth.targets[unseen[truth.targets]])
    has_edge = np.isin(block[1], block[1][block[2]])
    kept = [values[has_edge] for values in block]
    part = np.where(truth.is_regulator[kept[1]], UNSEEN_REGULATORS_AS_TARGETS, UNSEEN_GENES)
    source, target, is_edge = (np.concatenate(values) for values in zip(seen_pairs, kept, strict=True))
    parts = np.concatenate([held_out, part]).astype(object)
    return Split("unseen_genes", seed, truth.gene_names, source, target, is_edge, parts)


def split_per_regulator(truth: Truth, seed: int) -> Split:
    """GENELink's split: of every regulator's edges and of its non-edges .67 train, .10 validation, the rest test.

    All genes are seen (Chen and Liu 2022). The test part is ``unseen_interactions``.
    """
    rng = np.random.default_rng(seed)
    pairs = _pairs(truth, truth.regulators, truth.targets)
    part = _within_groups(*pairs, rng, {UNSEEN_INTERACTIONS: 0.23, VALIDATION: 0.10})
    return Split("per_regulator", seed, truth.gene_names, *pairs, part.astype(object))


def split_whole_network(truth: Truth, seed: int = 0) -> Split:
    """No training labels: all pairs of the regulators that have a target, with all genes, are scored.

    For networks that are known to the last edge because the cells were simulated, and for methods that read no labels.
    Nothing is drawn, so that all seeds give the same. The only part is ``all_pairs``.
    """
    source, target, is_edge = _pairs(truth, truth.regulators, np.arange(len(truth.gene_names)))
    part = np.full(len(source), ALL_PAIRS, dtype=object)
    return Split(WHOLE_NETWORK, seed, truth.gene_names, source, target, is_edge, part)


SPLITS: MappingProxyType[str, Callable[[Truth, int], Split]] = MappingProxyType(
    {
        "unseen_genes": split_unseen_genes,
        "per_regulator": split_per_regulator,
        WHOLE_NETWORK: split_whole_network,
    }
)
"""Kinds of split."""

BLOCKS_OF = MappingProxyType(
    {
        "unseen_genes": (TRAIN, UNSEEN_INTERACTIONS, UNSEEN_GENES, UNSEEN_GENES_ALL_TARGETS),
        "per_regulator": (TRAIN, UNSEEN_INTERACTIONS),
        WHOLE_NETWORK: (ALL_PAIRS,),
    }
)
"""Blocks that each kind of split has, in the order of the results."""


def split_seeds(kind: str, n_splits: int) -> tuple[int, ...]:
    """Seeds of the splits of a kind: 0, 1, ...; one of a whole network, as nothing is drawn there."""
    return tuple(range(1 if kind == WHOLE_NETWORK else n_splits))


def _pairs(truth: Truth, regulators: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs without self-pairs, with their labels."""
    source, target = (grid.ravel() for grid in np.meshgrid(regulators, targets, indexing="ij"))
    other = source != target
    source, target = source[other], target[other]
    return source, target, truth.labels(source, target) if len(source) else np.zeros(0, dtype=bool)


def _within_groups(
    source: np.ndarray, target: np.ndarray, is_edge: np.ndarray, rng: np.random.Generator, shares: dict[str, float]
) -> np.ndarray:
    """A part for every pair: the given share of each regulator's edges and non-edges, the rest is for training.

    Shares that are no whole number of pairs are rounded up or down at random, right on average.
    """
    part = np.full(len(source), TRAIN, dtype=object)
    order = np.lexsort((rng.random(len(source)), is_edge, source))
    group = np.stack([source, is_edge])[:, order]
    borders = np.flatnonzero((group[:, 1:] != group[:, :-1]).any(0)) + 1
    for members in np.split(order, borders):
        bounds = np.floor(np.cumsum([0.0, *shares.values()]) * len(members) + rng.random()).astype(int)
        bounds -= bounds[0]
        for name, first, last in zip(shares, bounds, bounds[1:], strict=False):
            part[members[first:last]] = name
    return part
