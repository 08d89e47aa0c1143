"""Command ``infosem benchmark``: run a grid, and list its splits."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infosem.files._atomic import check_writable

if TYPE_CHECKING:
    from infosem.benchmark import Grid, Job


def add_benchmark(commands: Any) -> None:
    """Add the command to the subcommands of the parser."""
    benchmark = commands.add_parser(
        "benchmark",
        help="compare methods on unseen genes and interactions",
        description="Run the benchmark in a TOML file. Results that the output folder already has are kept.",
    )
    _add_run_options(benchmark)
    benchmark.set_defaults(run=_run)
    actions = benchmark.add_subparsers(metavar="{splits}", help="its splits")

    splits = actions.add_parser("splits", help="write seeds, sizes and checksums of the splits")
    _add_config(splits)
    splits.add_argument("--output", type=Path, required=True, help="CSV file to write, with one row per split")
    splits.add_argument("--tables", type=Path, help="folder for a table of each split (source, target, label, part)")
    splits.set_defaults(run=_splits)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="TOML file with data sets, methods and splits")
    parser.add_argument("--data", type=Path, help="folder with the data sets (default: $INFOSEM_DATA)")


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    _add_config(parser)
    parser.add_argument("--output", type=Path, help="folder for results.csv (default: named after the TOML file)")
    parser.add_argument("--jobs", type=int, help="number of processes (default: 1)")
    for name in ("method", "dataset", "network"):
        parser.add_argument(f"--{name}", action="append", help=f"run only this {name}; can be repeated (default: all)")
    parser.add_argument("--first-splits", type=int, help="run only this number of splits (default: all)")
    parser.add_argument("--budget-hours", type=float, help="do not start jobs after this number of hours")
    parser.add_argument("--retry-failed", action="store_true", help="rerun failed jobs")
    parser.add_argument("--quiet", action="store_true", help="show warnings only, without a progress bar")


def _run(arguments: argparse.Namespace) -> int:
    from infosem import benchmark

    grid = benchmark.read_config(_needed(arguments.config), data=arguments.data)
    _check_names(grid, arguments)
    if arguments.first_splits is not None and arguments.first_splits < 1:
        raise ValueError(f"--first-splits {arguments.first_splits} must be at least one.")
    output = arguments.output or Path(f"{arguments.config.stem}_results")
    results = benchmark.run(
        grid,
        output=output,
        n_jobs=arguments.jobs,
        only=lambda job: _chosen(job, arguments),
        budget_hours=arguments.budget_hours,
        retry_failed=arguments.retry_failed,
        progress=not arguments.quiet,
    )
    print(f"Wrote {output / 'results.csv'}: {len(results)} rows")
    chosen = results[results["job"].isin({job.key for job in grid.jobs() if _chosen(job, arguments)})]
    if not (chosen["status"] == "ok").any():
        reasons = "; ".join(chosen["reason"].dropna().unique()) or "no fit is finished"
        raise ValueError(f"Nothing was scored: {reasons}")
    for kind, block in (
        ("unseen_genes", "unseen_genes"),
        ("unseen_genes", "unseen_interactions"),
        ("whole_network", "all_pairs"),
    ):
        if (results["split_kind"] == kind).any():
            table = benchmark.summary(results, block=block, split_kind=kind).dropna(axis=1, how="all")
            print(f"\n{block}:\n{table.to_string(index=False, float_format='{:.3f}'.format)}")
    n_failed = chosen.loc[chosen["status"] == "failed", "job"].nunique()
    if n_failed:
        raise RuntimeError(
            f"{n_failed} fits failed; the column reason of {output / 'results.csv'} says why. --retry-failed runs them "
            "again."
        )
    return 0


def _check_names(grid: Grid, arguments: argparse.Namespace) -> None:
    for what, given, there in (
        ("method", arguments.method, [entry.title for entry in grid.entries]),
        ("dataset", arguments.dataset, [dataset.name for dataset in grid.datasets]),
        ("network", arguments.network, sorted({name for dataset in grid.datasets for name in dataset.networks})),
    ):
        unknown = sorted(set(given or []) - set(there))
        if unknown:
            raise ValueError(f"--{what} {unknown[0]!r} is not in the configuration; it has {', '.join(there)}.")


def _chosen(job: Job, arguments: argparse.Namespace) -> bool:
    return (
        (arguments.method is None or job.entry.title in arguments.method)
        and (arguments.dataset is None or job.dataset.name in arguments.dataset)
        and (arguments.network is None or not set(job.networks).isdisjoint(arguments.network))
        and (arguments.first_splits is None or min(job.split_seeds) < arguments.first_splits)
    )


def _splits(arguments: argparse.Namespace) -> int:
    from infosem import benchmark
    from infosem.benchmark._write_csv import write_csv

    grid = benchmark.read_config(_needed(arguments.config), data=arguments.data)
    check_writable(arguments.output, argument="--output")
    if arguments.tables is not None:
        arguments.tables.mkdir(parents=True, exist_ok=True)
        check_writable(arguments.tables / "splits.csv", argument="--tables")
    table, splits = benchmark.describe_splits(grid)
    if arguments.tables is not None:
        for name, split in splits:
            write_csv(split.table(), arguments.tables / f"{name}.csv")
        print(f"Wrote {len(splits)} tables to {arguments.tables}")
    write_csv(table, arguments.output)
    print(f"Wrote {arguments.output}: {len(table)} splits")
    return 0


def _needed(config: Path | None) -> Path:
    if config is None:
        raise ValueError("Name a benchmark: --config file.toml. Those of the project are in benchmarks/configs.")
    return config
