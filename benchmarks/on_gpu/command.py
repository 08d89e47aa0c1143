"""Whether a GPU gives what the CPU gives, how fast, and what bounds it: one command of a few minutes.

    INFOSEM_DATA=path/to/data python benchmarks/gpu.py --output benchmarks/results/gpu
    python benchmarks/gpu.py --rehearse --output FOLDER    # the same steps on a CPU, small, without data

Parts come in the order of their worth. Every result is printed and written to results.csv as soon as it is there, so
that a run that is cut short keeps what it has done; a part that fails is recorded with its error, and the next goes on.
A repeated run replaces the parts that it runs. speed_report.py takes its section on GPUs from the file.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from on_gpu.parts.agreement import agreement
from on_gpu.parts.card import card
from on_gpu.parts.disk import disk
from on_gpu.parts.distributed import distributed, work
from on_gpu.parts.ensembles import ensembles
from on_gpu.parts.fits import fits
from on_gpu.parts.genome import genome
from on_gpu.parts.portability import portability
from on_gpu.parts.precision import precision
from on_gpu.parts.steps import steps
from on_gpu.run import Plan, Run

PARTS = {
    part.__name__: part
    for part in (card, agreement, portability, fits, steps, genome, precision, ensembles, disk, distributed)
}
"""The parts in the order of their worth."""


def main(arguments: list[str] | None = None) -> None:
    """Read the options, and run the parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="folder of results.csv")
    parser.add_argument("--rehearse", action="store_true", help="small sizes, without data")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="where to rehearse")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="by default all")
    parser.add_argument("--minutes", type=float, default=8.0, help="after these nothing new is begun")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.worker:
        folder, n_devices, accelerator = given.worker
        work(Path(folder), int(n_devices), accelerator)
        return
    if given.output is None:
        parser.error("--output is needed: the folder of results.csv")
    if not given.rehearse and not torch.cuda.is_available():
        parser.error("torch finds no CUDA GPU here. --rehearse runs the same steps on a CPU, with small sizes.")
    if not given.rehearse and "INFOSEM_DATA" not in os.environ:
        parser.error("INFOSEM_DATA must name the folder of the data, with beeline/hESC_TFs500.h5ad in it.")
    # two processes start anew, with all their imports: too long for a rehearsal that does not ask for it
    parts = given.parts or [part for part in PARTS if not (given.rehearse and part == "distributed")]
    given.output.mkdir(parents=True, exist_ok=True)
    plan = Plan.rehearsal(given.device) if given.rehearse else Plan.whole()
    run = Run.resumed(plan, given.output / "results.csv", given.minutes)
    for part in parts:
        run.do(part, PARTS[part])
