"""docs/speed.md and docs/speed.png from benchmarks/results/speed/ and benchmarks/results/gpu/."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator
from on_gpu import report

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "speed"


def read(part: str) -> pd.DataFrame:
    """Results of a part."""
    return pd.read_csv(RESULTS / f"{part}.csv")


def table(frame: pd.DataFrame) -> str:
    """A markdown table."""
    rows = [frame.columns, ["---"] * frame.shape[1], *frame.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def provenance(frame: pd.DataFrame) -> str:
    """Machine, versions and date of a part."""
    row = frame.iloc[0]
    versions = ", ".join(f"{name} {row[name]}" for name in ("torch", "scvi-tools", "scikit-learn", "regdiffusion"))
    return f"{row.cpu}, {row.cores} cores; Python {row.python}, {versions}; {row.date}."


def number(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def ratios(frame: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Median seconds of each row's subject, over the reference's."""
    spent = frame.groupby("what", sort=False).seconds.median()
    return pd.DataFrame(
        {
            "": spent.index,
            "seconds": spent.map(number).to_numpy(),
            "times as long": (spent / spent[reference]).map(number).to_numpy(),
        }
    )


def sizes(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of `speed.py measure` that a reader wants."""
    return pd.DataFrame(
        {
            "genes": frame.genes.map("{:,}".format),
            "regulators": frame.regulators.map("{:,}".format),
            "cells": frame.cells.map("{:,}".format),
            "ms per step": (1000 * frame.seconds_per_step).map(number),
            "s per epoch": (frame.seconds_per_step * -(-frame.cells // 64)).map(number),
            "s of setup": frame.seconds_of_setup.map(number),
            "peak memory, GiB": frame.peak_gb.map(number),
        }
    )


def draw(growth: pd.DataFrame) -> None:
    """Time and memory against genes, time against cells, with what is proportional or linear dashed."""
    genes, cells = (growth[growth.along == along] for along in ("genes", "cells"))
    figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for axis, x, y, labels in (
        (axes[0], genes.genes, 1000 * genes.seconds_per_step, ("genes", "ms per step")),
        (axes[2], cells.cells, cells.seconds_per_step * -(-cells.cells // 64), ("cells", "s per epoch")),
    ):
        axis.loglog(x, y, "o-", color="#0072B2")
        axis.loglog(x, y.iloc[-1] * x / x.iloc[-1], "--", color="0.6", zorder=0, label="proportional")
        axis.set(xlabel=labels[0], ylabel=labels[1])
        axis.set_xticks(x, [f"{value:,}" for value in x], rotation=45, fontsize=8)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.minorticks_off()
    # memory has an intercept, Python and its libraries: linear is a line on plain axes
    axes[1].plot(genes.genes, genes.peak_gb, "o", color="#0072B2")
    line = np.poly1d(np.polyfit(genes.genes, genes.peak_gb, 1))
    axes[1].plot(genes.genes, line(genes.genes), "--", color="0.6", zorder=0, label="linear")
    axes[1].set(xlabel="genes", ylabel="peak memory, GiB", ylim=(0, None))
    axes[1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes[1].xaxis.set_major_locator(MultipleLocator(5000))
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(ROOT / "docs" / "speed.png", dpi=150)


def main() -> None:
    """Write the page and its figure."""
    epoch, fit, growth, genome, ensemble, startup = map(
        read, ("epoch", "fit", "growth", "genome", "ensemble", "startup")
    )
    draw(growth)
    one, many = ensemble.seconds
    imports = startup.seconds.iloc[-1]
    page = f"""# Speed and memory

You want to know how long a fit takes, and how much memory it needs. This page shows measurements of
`python benchmarks/speed.py PART` (`benchmarks/results/speed/`), and `python benchmarks/speed_report.py` writes it. The
rows of one table ran one after the other on the same machine: {provenance(fit)}

Each fit starts from closed-form estimates, which take a part of its time. In one comparison with the version before
these were introduced (26 November 2026), hESC took 6.2, 6.5 and 7.6 s with them, and 3.0, 3.1 and 3.7 s without them.

## A whole fit

The data are hESC of BEELINE, TFs + 500 genes: {fit.genes[0]:,} genes, {fit.regulators[0]} regulators, {fit.cells[0]:,}
cells. Each method has its default settings. GRNBoost2 uses one process for each core, and RegDiffusion `device="cpu"`.

{table(ratios(fit, "infosem"))}

## An epoch

The data are mDC, TFs + 1000: {epoch.genes[0]:,} genes, {epoch.regulators[0]} of them TFs, {epoch.cells[0]:,} cells, in
batches of 64. The first row is a plain implementation of DeepSEM's formulation
([plain_deepsem.py](../benchmarks/plain_deepsem.py)). It evaluates the scalar networks at every entry, every gene is a
regulator, and it inverts I - A.

{table(ratios(epoch, "infosem, TFs regulators"))}

## Growth

The cells are random and sparse, with one value in ten not zero, in batches of 64. The memory is the peak of the whole
process, of which Python and its libraries take about 0.6 GiB. The left and the right panel have logarithmic axes.
Dashed lines show proportional growth, and linear growth in the middle panel.

![time and memory against genes and cells](speed.png)

{table(sizes(growth))}

## A genome

{table(sizes(genome))}

The stored expression takes {genome.data_gb[0]:.2f} GiB. The log estimates {genome.estimated_gb[0]:.2f} GiB
for training.

## Ensembles

{ensemble.models[0]} models of hESC take {number(one)} s one after the other, and {number(many)} s with
{ensemble.jobs[1]} processes, which is {one / many:.2f} times as fast. Each process needs {number(imports)} s for
imports first, and the cores of this machine share a processor. Processes are therefore more useful for larger models
and on other machines.

## Start-up

{table(startup[["what", "seconds"]].assign(seconds=startup.seconds.map(number)))}

{report.section()}"""
    (ROOT / "docs" / "speed.md").write_text(page)


if __name__ == "__main__":
    main()
