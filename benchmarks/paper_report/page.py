"""The page: a template, filled with tables, which are written as CSV too, and with figures, as PNG."""

from __future__ import annotations

import datetime
import os
import platform
from functools import partial
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import psutil
from matplotlib import rc_context

from infosem.benchmark import Grid
from infosem.benchmark._file_names import file_name
from infosem.benchmark._job import FAILED, LACKS_INPUT, SKIPPED
from infosem.benchmark._write_csv import write_csv
from infosem.files._atomic import check_writable, replacing

from . import bias, figures
from .claims import accuracies, claims_parts, claims_parts_text, claims_table, claims_text
from .findings import findings
from .markdown import NOT_RUN, markdown_table
from .missing import failures, missing_text
from .paper import NETWORKS
from .study import Study
from .tables import BLOCKS, Table, all_tables

_PACKAGES = ("infosem", "torch", "scvi-tools", "anndata", "numpy", "scipy", "scikit-learn")
_FIGURES = (
    ("figure_3a", "Figure 3a: unseen interactions against unseen genes", figures.bias_of_supervised),
    ("figure_3b", "Figure 3b: what the one-hot regression learns", bias.one_hot_coefficients),
    ("figure_3c_{first}", "Figure 3c: two regulators of {first}", bias.two_regulators),
    ("figure_4", "Figure 4: InfoSEM-B with other embeddings", figures.embeddings),
    *(
        (f"figure_5_{block}", f"Figure 5: balanced training labels, {title}",
         partial(figures.balanced_labels, block=block))
        for block, title in BLOCKS.items()
    ),
    ("figure_6", "Figure 6: fewer cells", figures.share_of_cells),
    ("row_means", "Row means: what the means of the regulators reach alone, unseen genes", figures.row_means),
)  # fmt: skip
"""Name, caption, and what draws it; ``first`` is the first data set."""

_NEEDS_SCORES = {
    "figure_3b": "with kept scores",
    "figure_3c_{first}": "with kept scores, or no two regulators with enough edges and non-edges",
}


def write_report(results: Path | str, output: Path | str, grid: Grid, *, command: str) -> Path:
    """Write tables and figures of the paper's benchmark, its numbers beside ours where they have the same name.

    Parameters
    ----------
    results
        Folder that :func:`infosem.benchmark.run` wrote to.
    output
        Folder for ``report.md``, one CSV per table and one PNG per figure.
    grid
        What was to be run: what is missing is listed as *not run* with estimated hours, and only its jobs count.
    command
        How the report is made, to be printed.

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
    tables = all_tables(study) | _claims(study) | _incomplete(study)
    for name, table in tables.items():
        write_csv(table.data, output / f"{name}.csv")
    page = Template(Path(__file__).with_name("page.md").read_text(encoding="utf-8")).substitute(
        _header(study),
        command=command,
        findings="\n".join(f"- {sentence}" for sentence in findings(study)),
        figures="\n\n".join(_drawn(study, network, output) for network in NETWORKS),
        **{name: table.text for name, table in tables.items()},
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _header(study: Study) -> dict[str, Any]:
    fits = study.results.drop_duplicates("job")
    n_gpu = int((fits["peak_gpu_mb"] > 0).sum())
    left_out = "\n- {} rows of the results belong to no job of the configuration and are left out."
    return {
        "n_fits": len(fits),
        "hours": f"{fits['seconds'].sum() / 3600:.1f}",
        "gpu": f"{n_gpu} fits used a GPU" if n_gpu else "none used a GPU",
        "datasets": ", ".join(study.datasets),
        "networks": ", ".join(NETWORKS.values()),
        "n_splits": study.grid.n_splits,
        "versions": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "python": platform.python_version(),
        "date": datetime.date.today(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GB of memory",
        "other_rows": left_out.format(study.n_other_rows) if study.n_other_rows else "",
    }


def _claims(study: Study) -> dict[str, Table]:
    ours = accuracies(study.frame)
    table, parts = claims_table(ours), claims_parts(ours)
    return {
        "claims": Table(table, markdown_table(claims_text(table))),
        "claims_by_data_set": Table(parts, markdown_table(claims_parts_text(parts))),
    }


def _drawn(study: Study, network: str, output: Path) -> str:
    """Draw the figures of a network. One that cannot be drawn without scores stays as an earlier report left it."""
    parts = []
    for pattern, title, draw in _FIGURES:
        name, title = (text.format(first=study.datasets[0]) for text in (pattern, title))
        picture, caption = f"{file_name(name, network)}.png", f"{title}, {NETWORKS[network]}"
        with rc_context({"text.parse_math": False}):  # names are no formulas
            figure = draw(study, network)
            if figure:
                with replacing(output / picture) as temporary:
                    figure.savefig(temporary, dpi=150)
        is_kept = figure is None and pattern in _NEEDS_SCORES and (output / picture).exists()
        if figure or is_kept:
            parts.append(f"### {caption}\n\n![{caption}]({quote(picture)})")
            parts += ["Of an earlier report: the scores that it is drawn from are not at hand."] * is_kept
        else:
            label, _, what = caption.partition(": ")
            parts.append(f"{label} ({what}): {NOT_RUN} {_NEEDS_SCORES.get(pattern, '')}".rstrip())
    return "\n\n".join(parts)


def _incomplete(study: Study) -> dict[str, Table]:
    problems = failures(study.results)
    n_fits = problems.groupby("status")["n_jobs"].sum()
    counts = (
        f"{n_fits.get(FAILED, 0)} fits failed; {n_fits.get(LACKS_INPUT, 0)} were not run because the data lack what "
        f"they read; {(problems['status'] == SKIPPED).sum()} kinds of blocks were skipped."
    )
    return {
        "not_run": Table(study.missing, missing_text(study.missing, problems)),
        "failures": Table(problems, f"{counts}\n\n{markdown_table(problems)}" if len(problems) else counts),
    }
