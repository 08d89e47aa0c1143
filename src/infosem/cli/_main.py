"""Command ``infosem``."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infosem.cli._benchmark import add_benchmark
from infosem.cli._signals import INTERRUPTED, Signals
from infosem.data import _keys
from infosem.files._atomic import check_writable, replacing

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from infosem import InfoSEM

logger = logging.getLogger("infosem")

_MASK_ZEROS: dict[str, bool | Literal["auto"]] = {"auto": "auto", "yes": True, "no": False}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = _parser().parse_args(argv)
    levels = {name: logging.getLogger(name).level for name in ("infosem", "lightning.pytorch")}
    logger.setLevel(logging.WARNING if arguments.quiet else logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(lightning|scvi)\.")  # about their internals
            return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("infosem: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # errors of any kind become one line in a shell
        logger.debug("", exc_info=True)
        message = str(error.args[0] if isinstance(error, KeyError) and error.args else error) or type(error).__name__
        print(f"infosem: error: {' '.join(message.split())}", file=sys.stderr)
        return 1
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import version

    parser = argparse.ArgumentParser(
        prog="infosem",
        description="Gene regulatory networks from single-cell expression, with priors from text and known edges.",
    )
    parser.add_argument("--version", action="version", version=f"infosem {version('infosem')}")
    commands = parser.add_subparsers(required=True, metavar="command")

    infer = commands.add_parser("infer", help="infer the network of an h5ad file")
    infer.set_defaults(run=_infer)
    infer.add_argument("input", type=Path, help="h5ad file, cells x genes, counts or log-normalised expression")
    infer.add_argument("--output", type=Path, required=True, help="h5ad file to write, including the network")
    infer.add_argument(
        "--edges", type=Path, help="file for the edges, strongest first: .csv, .tsv, .parquet or .graphml"
    )
    infer.add_argument("--edges-of", metavar="GROUP", help="group whose edges to write (default: the shared network)")
    infer.add_argument("--top", type=int, help="number of edges to write (default: all)")
    infer.add_argument("--layer", help="layer with counts or log-normalised expression (default: X)")
    infer.add_argument("--batch-key", help="obs column with the batch of each cell")
    for kind in ("categorical", "continuous"):
        infer.add_argument(
            f"--{kind}-covariate-keys",
            nargs="+",
            metavar="KEY",
            help=f"obs columns with {kind} covariates of the cells",
        )
    infer.add_argument(
        "--size-factor-key",
        default="auto",
        help="obs column with the size of each cell, for counts; 'none' estimates it (default: total_counts, n_counts "
        "or nCount_RNA, if present)",
    )
    infer.add_argument("--group-key", help="obs column with groups of cells, such as cell types, to get a network each")
    for part, where, default in (
        ("embedding", "varm key of the gene embeddings", "gene_embedding"),
        ("interactions", "varp key of the known interactions", "known_interactions"),
        ("regulator", "boolean var column that marks regulators", "is_regulator"),
    ):
        infer.add_argument(
            f"--{part}-key", default="auto", help=f"{where}; 'none' disables it (default: {default}, if present)"
        )
    infer.add_argument(
        "--preset",
        default="default",
        choices=("default", "paper"),
        help="settings: infosem's own, or those of the published model (default: %(default)s)",
    )
    infer.add_argument(
        "--prior",
        default="auto",
        choices=("auto", "laplace", "normal", "embedding"),
        help="prior of the effects (default: by text embeddings if the file has any)",
    )
    infer.add_argument(
        "--mask-zeros",
        choices=tuple(_MASK_ZEROS),
        help="whether zeros are dropouts that do not count (default: as the preset has it)",
    )
    infer.add_argument("--key-added", default="infosem", help="key of the network (default: %(default)s)")
    _add_common(infer)

    demo = commands.add_parser("demo", help="infer the network of 700 bundled blood cells, without a download")
    demo.set_defaults(run=_demo)
    demo.add_argument("--output", type=Path, default=Path("infosem_demo"), help="output folder (default: %(default)s)")
    _add_common(demo)

    add_benchmark(commands)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-epochs", type=int, help="number of training epochs (default: that of model.train)")
    parser.add_argument("--accelerator", default="auto", help="cpu, gpu, mps or auto (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="show warnings only, without a progress bar")


def _infer(arguments: argparse.Namespace) -> int:
    _check_outputs(arguments)
    from infosem import InfoSEM
    from infosem.data._places import require_network_place
    from infosem.files._cells_file import read_cells, require_space
    from infosem.module import Gaussian

    adata = read_cells(arguments.input)
    require_network_place(adata, arguments.key_added, _keys.PARTS, argument="--key-added")
    keys = {
        name: None if value == "none" else value
        for name, value in (
            ("embedding_key", arguments.embedding_key),
            ("interactions_key", arguments.interactions_key),
            ("regulator_key", arguments.regulator_key),
            ("size_factor_key", arguments.size_factor_key),
        )
    }
    InfoSEM.setup_anndata(
        adata,
        layer=arguments.layer,
        batch_key=arguments.batch_key,
        categorical_covariate_keys=arguments.categorical_covariate_keys,
        continuous_covariate_keys=arguments.continuous_covariate_keys,
        group_key=arguments.group_key,
        **keys,
    )
    likelihood = None if arguments.mask_zeros is None else Gaussian(mask_zeros=_MASK_ZEROS[arguments.mask_zeros])
    model = InfoSEM(adata, preset=arguments.preset, prior=arguments.prior, likelihood=likelihood, seed=arguments.seed)
    if arguments.edges_of is not None and arguments.edges_of not in model.group_names:
        names = ", ".join(model.group_names)
        known = f"It is one of {names}." if names else "Name a column with --group-key."
        raise ValueError(f"--edges-of {arguments.edges_of!r} is no group. {known}")
    require_space(adata, arguments.output, n_regulators=len(model.regulator_names))
    with Signals() as signals:
        _train(model, arguments)
        require_space(adata, arguments.output, n_regulators=len(model.regulator_names))
        with signals.held():
            _write(
                model,
                adata,
                arguments.output,
                arguments.edges,
                key_added=arguments.key_added,
                top=arguments.top,
                group=arguments.edges_of,
            )
        return INTERRUPTED if signals.interrupted or model.trainer.interrupted else 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Check the output paths before training."""
    from infosem.get._files import writer_for

    if arguments.output.suffix != ".h5ad":
        raise ValueError(f"--output {arguments.output} must end in .h5ad.")
    check_writable(arguments.output, argument="--output")
    if arguments.top is not None and arguments.top < 0:
        raise ValueError(f"--top {arguments.top} must be zero or positive: it is the number of edges to write.")
    if arguments.edges_of is not None and arguments.edges is None:
        raise ValueError(f"--edges-of {arguments.edges_of} needs --edges, the file for the edges.")
    if arguments.edges is not None:
        check_writable(arguments.edges, argument="--edges")
        writer_for(arguments.edges)
        if arguments.edges.resolve() in (arguments.output.resolve(), arguments.input.resolve()):
            raise ValueError(f"--edges {arguments.edges} is the input or output file of the cells. Name another.")


def _demo(arguments: argparse.Namespace) -> int:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from infosem import InfoSEM, datasets, pl

    arguments.output.mkdir(parents=True, exist_ok=True)
    check_writable(arguments.output / "pbmc.h5ad", argument="--output")
    adata = datasets.pbmc()
    logger.info("%d blood cells x %d genes, bundled with scanpy.", *adata.shape)
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata, seed=arguments.seed)
    with Signals() as signals:
        _train(model, arguments)
        with signals.held():
            edges = _write(model, adata, arguments.output / "pbmc.h5ad", arguments.output / "edges.csv")
    picture = arguments.output / "network.png"
    axes = pl.network(edges, known=adata.uns["known_edges"])
    axes.set_title("Strongest edges in 700 blood cells (infosem demo)", fontsize=10)
    with replacing(picture) as temporary:
        plt.savefig(temporary, dpi=150)
    print(f"Wrote {picture}")
    print("\nStrongest edges (sign = sign of the correlation; probability = edge probability from known interactions):")
    print(edges.head(15).to_string(index=False, float_format="{:.3f}".format))
    return INTERRUPTED if signals.interrupted or model.trainer.interrupted else 0


def _train(model: InfoSEM, arguments: argparse.Namespace) -> None:
    """Train the model."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    model.train(
        max_epochs=arguments.max_epochs,
        accelerator=arguments.accelerator,
        enable_progress_bar=not arguments.quiet,
    )


def _write(
    model: InfoSEM,
    adata: AnnData,
    output: Path,
    table: Path | None,
    *,
    key_added: str = "infosem",
    top: int | None = None,
    group: str | None = None,
) -> pd.DataFrame:
    """Write the cells with the network and the table of edges, either both files or neither."""
    from infosem import get

    model.write_network(key_added=key_added)
    edges = model.get_edges(top=top, group=group)
    with ExitStack() as files:
        adata.write_h5ad(files.enter_context(replacing(output)))
        if table is not None:
            get.write(edges, files.enter_context(replacing(table)))
    print(f"Wrote {output}")
    if table is not None:
        print(f"Wrote {table}: {len(edges)} edges")
    return edges
