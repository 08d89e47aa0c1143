"""Write a report: markdown, tables as CSV, figures as PNG."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import psutil
from matplotlib import rc_context
from matplotlib.figure import Figure

from infosem.benchmark._file_names import file_name
from infosem.benchmark._grid import Grid
from infosem.benchmark._job import FAILED, LACKS_INPUT, SKIPPED
from infosem.benchmark._write_csv import write_csv
from infosem.benchmark.report import _bias_figures, _figures
from infosem.benchmark.report._claims import claims_parts, claims_parts_text, claims_table, claims_text
from infosem.benchmark.report._completeness import BEYOND, failures
from infosem.benchmark.report._extra_tables import extra_tables
from infosem.benchmark.report._findings import findings
from infosem.benchmark.report._markdown import NOT_RUN, about, markdown_table
from infosem.benchmark.report._paper import network_title
from infosem.benchmark.report._study import Study
from infosem.benchmark.report._tables import BLOCK_TITLES, Table, accuracy_tables, method_table, recall_table
from infosem.files._atomic import check_writable, replacing

_PACKAGES = ("infosem", "torch", "scvi-tools", "anndata", "numpy", "scipy", "scikit-learn")


def write_report(
    results: Path | str, output: Path | str, *, grid: Grid | None = None, command: str | None = None
) -> Path:
    """Write tables and figures of a benchmark, the paper's numbers beside ours where they have the same name.

    Parameters
    ----------
    results
        Folder that :func:`infosem.benchmark.run` wrote to.
    output
        Folder for ``report.md``, one CSV per table and one PNG per figure.
    grid
        What was to be run: what is missing is listed as *not run* with estimated hours, and only its jobs count.
        Without it the report has the methods that the results have, and no figure that needs the ground truth.
    command
        How the results were made, to be printed.

    Returns
    -------
    Path of ``report.md``.
    """
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"output: {output} is a file; name a folder for the report.")
    output.mkdir(parents=True, exist_ok=True)
    path = output / "report.md"
    check_writable(path, argument="output")
    study = Study.read(Path(results), grid)
    parts = ["# Benchmark report", *_header(study, command), *_claims(study, output), *_findings(study)]
    for table in (method_table(study), *accuracy_tables(study), recall_table(study)):
        parts += _table(table, output)
    parts.append("## Figures")
    with rc_context({"text.parse_math": False}):  # names are no formulas
        parts += [_figure(study, *drawn, output) for drawn in _all_figures(study)]
    parts.append("## Further tables, which the paper lacks")
    for table in extra_tables(study):
        parts += _table(table, output, level=3)
    parts += _incomplete(study, output)
    with replacing(path) as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _header(study: Study, command: str | None) -> Iterator[str]:
    fits = study.results.drop_duplicates("job")
    n_gpu = int((fits["peak_gpu_mb"] > 0).sum())
    lines = [
        f"- Results: {len(fits)} fits, {fits['seconds'].sum() / 3600:.1f} hours of fitting in all"
        + (f", {n_gpu} fits used a GPU." if n_gpu else ", none used a GPU."),
        f"- Data sets: {', '.join(study.datasets)}. Networks: {', '.join(map(network_title, study.networks))}. "
        f"Splits: {study.n_splits}.",
        f"- Versions: {', '.join(f'{name} {_version(name)}' for name in _PACKAGES)}, "
        f"Python {platform.python_version()}.",
        f"- Report written on {datetime.date.today()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB of memory.",
    ]
    if command:
        lines.insert(0, f"- Command: `{command}`")
    if study.n_other_rows:
        lines.append(
            f"- {study.n_other_rows} rows of the results belong to no job of the configuration and are left out."
        )
    yield "\n".join(lines)
    yield (
        "Cells of the tables: mean (sd) over splits, then the ratio to random: the mean over the mean that is "
        "expected of a random order, for AUPRC its exact expectation, which lies above the share of edges in small "
        "blocks, for Hit@1% the share of edges (the paper's numbers: over its own row *Random*). "
        "`[3 of 10]`: so many splits are there. A dash: neither run nor asked for, or not defined. "
        "Gene filters differ from the paper's, so compare ratios."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _claims(study: Study, output: Path) -> Iterator[str]:
    if not study.is_paper:
        return
    table, parts = claims_table(study.with_fewer_cells), claims_parts(study.with_fewer_cells)
    write_csv(table, output / "claims.csv")
    write_csv(parts, output / "claims_by_data_set.csv")
    yield "## The paper's claims"
    yield (
        "A change is the relative difference of two means over the splits that both have, averaged with equal weights "
        "over data sets, the metrics AUPRC and Hit@1%, and where named over networks and methods. *Paper's tables* "
        "applies it to Tables 2-5. *Ours*: BioBERT where both sides of a comparison have it, else MiniLM. *Over "
        "random*: of ratios to random, as unseen genes and unseen interactions have other shares of edges."
    )
    yield markdown_table(claims_text(table))
    yield "By data set, AUPRC / Hit@1%: ours; after the semicolon from the paper's tables."
    yield markdown_table(claims_parts_text(parts))


def _findings(study: Study) -> Iterator[str]:
    sentences = findings(study)
    if sentences:
        yield "## In short"
        yield "\n".join(f"- {sentence}" for sentence in sentences)


def _table(table: Table, output: Path, *, level: int = 2) -> Iterator[str]:
    if not any(len(text) for text in table.texts.values()):
        return
    write_csv(table.data, output / f"{file_name(table.name)}.csv")
    yield f"{'#' * level} {table.title}"
    if table.note:
        yield table.note
    for caption, text in table.texts.items():
        if caption:
            yield f"**{caption}**"
        yield markdown_table(text)


def _figure(study: Study, name: str, caption: str, figure: Figure | None, output: Path) -> str:
    if figure is None:
        label, _, what = caption.partition(": ")
        return f"{label} ({what}): {_why_absent(study, name)}"
    picture = f"{file_name(name)}.png"
    with replacing(output / picture) as temporary:
        figure.savefig(temporary, dpi=150)
    return f"### {caption}\n\n![{caption}]({quote(picture)})"


def _all_figures(study: Study) -> Iterator[tuple[str, str, Figure | None]]:
    """Name, caption, and the figure if there is something to draw."""
    for network in study.networks:
        title, balanced = network_title(network), dict(_figures.balanced_labels(study, network))
        drawn = [
            ("figure_3a", "Figure 3a: unseen interactions against unseen genes",
             _figures.bias_of_supervised(study, network)),
            ("figure_3b", "Figure 3b: what the one-hot regression learns",
             _bias_figures.one_hot_coefficients(study, network)),
            *(
                (f"figure_3c_{dataset}", f"Figure 3c: two regulators of {dataset}",
                 _bias_figures.two_regulators(study, dataset, network))
                for dataset in study.datasets[:1]
            ),
            ("figure_4", "Figure 4: InfoSEM-B with other embeddings", _figures.embeddings(study, network)),
            *(
                (f"figure_5_{block}", f"Figure 5: balanced training labels, {BLOCK_TITLES[block]}", balanced.get(block))
                for block in BLOCK_TITLES
            ),
            ("figure_6", "Figure 6: fewer cells", _figures.share_of_cells(study, network)),
            ("row_means", "Row means: what the means of the regulators reach alone, unseen genes",
             _figures.row_means(study, network)),
        ]  # fmt: skip
        for name, caption, figure in drawn:
            yield f"{name}_{network}", f"{caption}, {title}", figure


def _why_absent(study: Study, name: str) -> str:
    if not name.startswith(("figure_3b", "figure_3c")):
        return NOT_RUN
    if study.grid is None:
        return "not drawn without a configuration"
    few = ", or no two regulators with enough edges and non-edges" if name.startswith("figure_3c") else ""
    return f"{NOT_RUN} with kept scores{few}"


def _incomplete(study: Study, output: Path) -> Iterator[str]:
    yield "## Not run"
    missing = study.missing
    write_csv(missing, output / "not_run.csv")
    problems = failures(study.results)
    write_csv(problems, output / "failures.csv")
    if study.grid is None:
        yield "Unknown: the report was written without a configuration."
    elif missing.empty:
        pairs = problems[["network", "reason"]].drop_duplicates().itertuples(index=False)
        reasons = "; ".join(f"{network}: {' '.join(str(reason).split())}" for network, reason in pairs)
        but = f", but not every block could be scored. {reasons}" if reasons else ""
        yield f"Every fit of the configuration was run{but}."
    else:
        hours = missing["hours"].sum()
        unknown = int(missing.loc[missing["hours"].isna(), "n_jobs"].sum())
        yield (
            f"{missing['n_jobs'].sum()} fits, about {hours:.1f} hours by the time of the method's finished fits"
            + (f", without {unknown} fits of methods of which none is finished." if unknown else ".")
        )
        yield markdown_table(_missing_text(missing))
    yield "## Failed, skipped, and without their data"
    n_fits = problems.groupby("status")["n_jobs"].sum()
    yield (
        f"{n_fits.get(FAILED, 0)} fits failed; {n_fits.get(LACKS_INPUT, 0)} were not run because the data lack what "
        f"they read; {(problems['status'] == SKIPPED).sum()} kinds of blocks were skipped."
    )
    if len(problems):
        yield markdown_table(problems)


def _missing_text(missing: pd.DataFrame) -> pd.DataFrame:
    """A line per method and network."""
    rows = []
    for (method, network), cells in missing.groupby(["method", "network"], sort=False):
        hours = cells["hours"].sum(min_count=1)
        rows.append(
            {
                "method": method,
                "network": network,
                "data sets": "; ".join(_missing_cell(cell) for cell in cells.itertuples()),
                "fits": cells["n_jobs"].sum(),
                "hours": about(hours) if pd.notna(hours) else "no estimate",
            }
        )
    return pd.DataFrame(rows)


def _missing_cell(cell: Any) -> str:
    parts = [f"{cell.n_splits} split" + "s" * (cell.n_splits > 1)]
    parts += [cell.split_kind] * (cell.split_kind != "unseen_genes") + [cell.where] * (cell.where == BEYOND)
    return f"{cell.dataset} ({', '.join(parts)})"
