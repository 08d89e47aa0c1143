"""Figures of what supervised methods learn: regulators' shares of edges (Figures 3b and 3c)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import rankdata, spearmanr

from infosem.benchmark import Split, Truth, split_unseen_genes
from infosem.benchmark._results import scores_of
from infosem.benchmark._splits import UNSEEN_INTERACTIONS
from infosem.pl._style import BLUE, VERMILION

from .paper import METHODS, paper_method
from .study import Study
from .style import BLACK, GREY, legend, panels, panels_of_rows

ONE_HOT = METHODS[0]
_OF_THE_PAPER = ("TFAP2A", "SNAI2")
_SUPERVISED = METHODS[:4]
_ENOUGH = 5


@dataclass(frozen=True)
class SavedScores:
    """Scores of one split: by method ``(regulators of the truth, G)``."""

    truth: Truth
    split: Split
    scores: dict[str, np.ndarray]

    def shares(self) -> dict[int, float]:
        """Share of edges among each regulator's training labels."""
        labels = self.split.training_labels
        return {int(g): float(labels.is_edge[labels.source == g].mean()) for g in np.unique(labels.source)}


def saved_scores(study: Study, dataset: str, network: str) -> Iterator[SavedScores]:
    """Scores of supervised methods that were kept, split by split."""
    source = next(source for source in study.grid.datasets if source.name == dataset)
    where = "dataset == @dataset and network == @network and split_kind == 'unseen_genes' and cells == 1"
    rows = study.results.query(f"{where} and not balanced").drop_duplicates(["method", "split"])
    saved: dict[int, dict[str, np.ndarray]] = {}
    for row in rows.itertuples():
        scores = scores_of(study.folder, row.job, network) if paper_method(row.method) in _SUPERVISED else None
        if scores is not None:
            saved.setdefault(row.split, {})[row.method] = scores
    if saved:
        truth = source.truth(network)
        for seed, scores_of_split in sorted(saved.items()):
            yield SavedScores(truth, split_unseen_genes(truth, seed), scores_of_split)


def one_hot_coefficients(study: Study, network: str) -> Figure | None:
    """Figure 3b: the coefficient of each regulator in the one-hot regression, against its share of edges."""
    firsts = {
        dataset: next((saved for saved in saved_scores(study, dataset, network) if ONE_HOT in saved.scores), None)
        for dataset in study.datasets
    }
    found = {dataset: saved for dataset, saved in firsts.items() if saved}
    if not found:
        return None
    figure, axes = panels(list(found), (1.0 + 2.9 * len(found), 3.3))
    for ax, (dataset, saved) in zip(axes, found.items(), strict=True):
        shares = saved.shares()
        # the score is a_i + b_j: row means differ by the coefficients alone
        means = saved.scores[ONE_HOT].mean(1)
        coefficient = (means - means.mean())[np.searchsorted(saved.truth.regulators, list(shares))]
        share = np.array(list(shares.values()))
        ax.plot(share, coefficient, "o", color=BLUE, ms=4, alpha=0.7)
        rho = spearmanr(share, coefficient).statistic
        ax.set_title(f"{dataset}: Spearman \N{GREEK SMALL LETTER RHO} = {rho:.2f}", fontsize=10)
        ax.set_xlabel("share of edges in training")
    axes[0].set_ylabel("coefficient of the regulator")
    return figure


def two_regulators(study: Study, network: str) -> Figure | None:
    """Figure 3c: scores of the unseen interactions of a regulator with many edges and of one with few."""
    best = max(saved_scores(study, study.datasets[0], network), key=_usefulness, default=None)
    pair = best and _rich_and_poor(best)
    if not best or not pair:
        return None
    block, shares = best.split.block(UNSEEN_INTERACTIONS), best.shares()
    methods = sorted(best.scores, key=lambda method: _SUPERVISED.index(paper_method(method) or ""))
    figure, axes = panels_of_rows(methods, 8)
    rng = np.random.default_rng(0)
    for ax, method in zip(axes, methods, strict=True):
        score = best.scores[method][np.searchsorted(best.truth.regulators, block.source), block.target]
        percentile = 100 * (rankdata(score) - 0.5) / len(score)
        for x, regulator in enumerate(pair):
            for offset, is_edge, colour, label in ((-0.2, True, BLUE, "edges"), (0.2, False, VERMILION, "non-edges")):
                chosen = percentile[(block.source == regulator) & (block.is_edge == is_edge)]
                beside = x + offset + rng.uniform(-0.12, 0.12, len(chosen))
                style = {"ms": 3, "alpha": 0.5, "mew": 0, "color": colour, "label": None if x else label}
                ax.plot(beside, chosen, "o", **style)
                ax.hlines(np.median(chosen), x + offset - 0.17, x + offset + 0.17, color=BLACK, lw=2)
        names = [f"{best.truth.gene_names[g]}\n{100 * shares[g]:.0f} % edges\nin training" for g in pair]
        ax.set_xticks(range(2), names)
        ax.set_xlim(-0.5, 1.5)
        ax.set_ylim(-2, 102)
        ax.axhline(50, color=GREY, ls="--", lw=1)
    axes[0].set_ylabel("percentile of the score among\nall unseen interactions")
    legend(figure, axes[0], ncols=2, markerscale=2)
    return figure


def _usefulness(saved: SavedScores) -> tuple[int, bool, int]:
    """The split with most methods' scores, then one in which the paper's regulators are seen, then the first."""
    return len(saved.scores), _papers_pair(saved) is not None, -saved.split.seed


def _rich_and_poor(saved: SavedScores) -> tuple[int, int] | None:
    """The paper's regulators, else those with the largest and the smallest share of edges in training."""
    shares = _eligible(saved)
    if len(shares) < 2:
        return None
    return _papers_pair(saved) or (max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__))


def _papers_pair(saved: SavedScores) -> tuple[int, int] | None:
    seen = {saved.truth.gene_names[gene]: gene for gene in _eligible(saved)}
    return (seen[_OF_THE_PAPER[0]], seen[_OF_THE_PAPER[1]]) if set(_OF_THE_PAPER) <= set(seen) else None


def _eligible(saved: SavedScores) -> dict[int, float]:
    """Shares of edges of the regulators with enough edges and non-edges among the unseen interactions."""
    block = saved.split.block(UNSEEN_INTERACTIONS)
    n_edges = {gene: block.is_edge[block.source == gene] for gene in saved.shares()}
    enough = {gene for gene, edges in n_edges.items() if min(edges.sum(), (~edges).sum()) >= _ENOUGH}
    return {gene: share for gene, share in saved.shares().items() if gene in enough}
