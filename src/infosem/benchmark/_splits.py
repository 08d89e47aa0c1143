"""Seeded splits of a ground truth into training labels and test blocks, with checksums."""

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
"""Scored blocks, and the parts of a split that each consists of."""


@dataclass(frozen=True)
class Split:
    """Labelled pairs of a regulator and a target, each assigned to one part.

    Attributes
    ----------
    kind, seed
        Kind and seed of the split. With the same truth, they give the same split.
    gene_names
        All genes of the data, ``(G,)``.
    source, target
        Indices of regulator and target among the genes, ``(n,)``.
    is_edge
        Label of each pair, ``(n,)``.
    part
        Name of the part of each pair, ``(n,)``.
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
        """Training labels, the only ones that a method may see."""
        return self.block(TRAIN)

    def block(self, name: str) -> Labels:
        """Return pairs and labels of a block, such as ``"train"``, ``"unseen_interactions"`` or ``"unseen_genes"``."""
        rows = np.isin(self.part, BLOCKS[name])
        return Labels(self.source[rows], self.target[rows], self.is_edge[rows])

    def table(self) -> pd.DataFrame:
        """Return a table with the columns ``source``, ``target``, ``label`` and ``part``, sorted by gene names."""
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
        """SHA-256 of :meth:`table` as CSV with a header and LF line endings."""
        return hashlib.sha256(self.table().to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def split_unseen_genes(truth: Truth, seed: int) -> Split:
    """Hold out genes, and also hold out interactions between the other genes (section 4.2 of the paper).

    A quarter of the regulators with a known target, a quarter of the other regulators and a quarter of the other genes
    with a known regulator are *unseen*: no training pair contains them, in either role. The pairs between seen genes
    are divided 3:1 into ``train`` and ``unseen_interactions``, separately for the edges and the non-edges of each
    regulator. Pairs of an unseen regulator and an unseen target form the part ``unseen_genes`` if the target is not a
    regulator, and else ``unseen_regulators_as_targets``. Targets without an edge in the block are left out, consistent
    with the share of positives in the paper.

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
            f"{len(labelled)} regulators have known targets and {len(others)} other genes have known regulators; at "
            "least two of each are needed to hold out genes."
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
    """Split the edges and the non-edges of each regulator into .67 training, .10 validation and .23 test pairs.

    This is the split of GENELink (Chen and Liu 2022), in which all genes are seen. The test part is
    ``unseen_interactions``.
    """
    rng = np.random.default_rng(seed)
    pairs = _pairs(truth, truth.regulators, truth.targets)
    part = _within_groups(*pairs, rng, {UNSEEN_INTERACTIONS: 0.23, VALIDATION: 0.10})
    return Split("per_regulator", seed, truth.gene_names, *pairs, part.astype(object))


def split_whole_network(truth: Truth, seed: int = 0) -> Split:
    """Score all pairs of a regulator with a known target and any gene, without training labels.

    This is for completely known networks, such as those of simulated cells, and for methods without labels. Nothing is
    random, so that all seeds give the same split. The only part is ``all_pairs``.
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
"""Functions that make each kind of split."""

BLOCKS_OF = MappingProxyType(
    {
        "unseen_genes": (TRAIN, UNSEEN_INTERACTIONS, UNSEEN_GENES, UNSEEN_GENES_ALL_TARGETS),
        "per_regulator": (TRAIN, UNSEEN_INTERACTIONS),
        WHOLE_NETWORK: (ALL_PAIRS,),
    }
)
"""Blocks of each kind of split, in the order of the results."""


def split_seeds(kind: str, n_splits: int) -> tuple[int, ...]:
    """Return the seeds of the splits of a kind, 0, 1, ..., but only one for a whole network, which is not random."""
    return tuple(range(1 if kind == WHOLE_NETWORK else n_splits))


def _pairs(truth: Truth, regulators: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all pairs except self-loops, with their labels."""
    source, target = (grid.ravel() for grid in np.meshgrid(regulators, targets, indexing="ij"))
    other = source != target
    source, target = source[other], target[other]
    return source, target, truth.labels(source, target) if len(source) else np.zeros(0, dtype=bool)


def _within_groups(
    source: np.ndarray, target: np.ndarray, is_edge: np.ndarray, rng: np.random.Generator, shares: dict[str, float]
) -> np.ndarray:
    """Assign pairs to parts by shares of the edges and the non-edges of each regulator. The rest is for training.

    Fractional numbers of pairs are rounded up or down at random, such that they are correct on average.
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
