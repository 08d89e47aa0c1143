"""Topology of simulated networks: a random acyclic network, or an acyclic part of a known one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from infosem.data._checks import require_columns

MAX_REGULATORS = 8
"""Maximum number of regulators of a gene."""

_HUBNESS = 0.7
_REGULATED = 0.5
_REPRESSION = 0.3
_LEAST_TARGETS = 3


def random_topology(n_regulators: int, n_genes: int, rng: np.random.Generator) -> pd.DataFrame:
    r"""Draw a random acyclic network in which few regulators have many targets.

    .. math:: n_j \sim 1 + \mathrm{Poisson}(1), \qquad \Pr(i \to j) \propto \mathrm{rank}_i^{-0.7}

    Each gene gets :math:`n_j` regulators, at most 8. Half of the regulators are regulated themselves, by regulators
    before them in an order that is independent of rank; the other half have no regulators. A regulator without targets
    gets a random gene. 30 % of the edges are repressive.

    Parameters
    ----------
    n_regulators, n_genes
        Number of regulators, and number of genes including the regulators.
    rng
        Random number generator.

    Returns
    -------
    DataFrame with the columns ``source``, ``target`` and ``sign`` (1 or -1).
    """
    regulators = np.array([f"TF{i}" for i in range(n_regulators)])
    others = np.array([f"gene{i}" for i in range(n_genes - n_regulators)])
    appeal = rng.permutation(np.arange(1, n_regulators + 1) ** -_HUBNESS)
    regulators_of: dict[str, list[str]] = {}
    for place in range(1, n_regulators):
        if rng.random() < _REGULATED:
            regulators_of[regulators[place]] = _draw(regulators[:place], appeal[:place], rng)
    for gene in others:
        regulators_of[gene] = _draw(regulators, appeal, rng)
    for regulator in np.setdiff1d(regulators, np.concatenate(list(regulators_of.values()))):
        with_room = [gene for gene in others if len(regulators_of[gene]) < MAX_REGULATORS]
        regulators_of[str(rng.choice(with_room))].append(regulator)
    edges = pd.DataFrame(
        [(source, target) for target, sources in regulators_of.items() for source in sources],
        columns=["source", "target"],
    )
    return edges.assign(sign=_random_signs(len(edges), rng))


def _draw(regulators: np.ndarray, appeal: np.ndarray, rng: np.random.Generator) -> list[str]:
    n = min(1 + rng.poisson(1), MAX_REGULATORS, len(regulators))
    return list(rng.choice(regulators, size=n, replace=False, p=appeal / appeal.sum()))


def part_of(edges: pd.DataFrame, n_regulators: int, n_genes: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a random acyclic part of a known network.

    Regulators are drawn from those with at least three targets, with a probability proportional to the square root of
    this number, and put in random order. An edge between two regulators is kept if it points forward in this order. A
    gene keeps at most 8 regulators. Of the other genes, a random subset is kept.

    Parameters
    ----------
    edges
        Table with columns ``source``, ``target`` and, for the signs, ``sign``, ``weight`` or ``mode`` (a number, or
        text that starts with "activ" or "repress"). Unknown signs are drawn at random, 30 % of them repressive.
    n_regulators, n_genes
        Maximum numbers of regulators and genes. Genes that lose all their edges are missing from the result.
    rng
        Random number generator.

    Returns
    -------
    DataFrame with the columns ``source``, ``target`` and ``sign`` (1 or -1).

    Raises
    ------
    ValueError
        If a column is missing, or too few regulators have at least three targets.
    """
    require_columns(edges, ("source", "target"), "edges")
    edges = edges.astype({"source": str, "target": str})
    edges = edges[edges["source"] != edges["target"]].drop_duplicates(["source", "target"])
    n_targets = edges["source"].value_counts().sort_index()
    n_targets = n_targets[n_targets >= _LEAST_TARGETS]
    if len(n_targets) < n_regulators:
        raise ValueError(
            f"n_regulators={n_regulators}, but only {len(n_targets)} regulators of the edges have {_LEAST_TARGETS} "
            f"targets or more: sergio(edges=..., n_regulators={len(n_targets)})."
        )
    share = np.sqrt(n_targets.to_numpy())
    order = rng.choice(n_targets.index.to_numpy(), size=n_regulators, replace=False, p=share / share.sum())
    place = {gene: i for i, gene in enumerate(order)}
    edges = edges[edges["source"].isin(place)]
    forward = edges["source"].map(place) < edges["target"].map(place).fillna(n_regulators)
    edges = edges[forward].iloc[rng.permutation(int(forward.sum()))].groupby("target").head(MAX_REGULATORS)
    others = np.setdiff1d(edges["target"], order)
    kept = rng.permutation(others)[: n_genes - n_regulators]
    edges = edges[edges["target"].isin([*order, *kept])].sort_values(["source", "target"], ignore_index=True)
    return edges[["source", "target"]].assign(sign=_signs(edges, rng))


def _signs(edges: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    drawn = _random_signs(len(edges), rng)
    column = next((name for name in ("sign", "weight", "mode") if name in edges), None)
    if column is None:
        return drawn
    number = np.sign(pd.to_numeric(edges[column], errors="coerce").fillna(0).to_numpy())
    text = edges[column].astype(str).str.lower()
    known = number + text.str.startswith("activ").to_numpy() - 1 * text.str.startswith("repress").to_numpy()
    return np.where(known == 0, drawn, known).astype(int)


def _random_signs(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(n) < _REPRESSION, -1, 1)
