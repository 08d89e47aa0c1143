"""What the parts have in common: the sizes, the data, the fits, and the file that the results go to."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from anndata import AnnData
from speed import real_cells, seconds

from infosem import InfoSEM, datasets
from infosem.model._quiet import quiet
from on_gpu.roofline import Ceilings

QUIET: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False}
COLUMNS = ["part", "what", "device", "quantity", "value"]
PRESETS: tuple[Literal["default", "paper"], ...] = ("default", "paper")


@dataclass(frozen=True)
class Plan:
    """The sizes that are run: those of the whole benchmark, or those of the rehearsal.

    Attributes
    ----------
    device
        The device that is compared with the CPU.
    is_rehearsal
        Whether the cells are simulated.
    sizes, precisions_at
        Genes, regulators and cells of the steps, and of those that are also run in lower precisions.
    genome, on_disk
        Cells, genes and regulators of the fit of a genome, and of the cells in a file.
    n_epochs
        Epochs of a fit; by default as many as a user gets.
    n_models, n_jobs
        Models of an ensemble, and the processes that share the card.
    regdiffusion_steps
        Steps of RegDiffusion on the device and on the CPU.
    repeats
        Number of fits that are timed.
    copied_bytes, product
        Bytes that are copied, and rows of the matrices that are multiplied, to measure the ceilings.
    """

    device: torch.device
    is_rehearsal: bool
    sizes: tuple[tuple[int, int, int], ...]
    precisions_at: tuple[tuple[int, int, int], ...]
    genome: tuple[int, int, int]
    on_disk: tuple[int, int, int]
    n_epochs: int | None
    n_models: int
    n_jobs: int
    regdiffusion_steps: tuple[int, int]
    repeats: int
    copied_bytes: int
    product: int

    @property
    def accelerator(self) -> str:
        """What Lightning calls the device."""
        return "gpu" if self.device.type == "cuda" else "cpu"

    @classmethod
    def whole(cls) -> Plan:
        """Plan a few minutes on a card for computing."""
        return cls(
            device=torch.device("cuda"),
            is_rehearsal=False,
            sizes=(
                (910, 410, 128),
                (500, 400, 128),
                (1000, 400, 128),
                (2000, 400, 128),
                (5000, 400, 128),
                (10_000, 400, 128),
                (20_000, 400, 128),
                (20_000, 1600, 128),
                (20_000, 1600, 32),
                (20_000, 1600, 512),
                (20_000, 1600, 2048),
            ),
            precisions_at=((20_000, 1600, 128), (20_000, 1600, 2048)),
            genome=(1280, 20_000, 1600),
            on_disk=(4096, 5000, 400),
            n_epochs=None,
            n_models=10,
            n_jobs=4,
            regdiffusion_steps=(1000, 100),
            repeats=3,
            copied_bytes=2**31,
            product=8192,
        )

    @classmethod
    def rehearsal(cls, device: str) -> Plan:
        """Plan a few seconds on a CPU."""
        return cls(
            device=torch.device(device),
            is_rehearsal=True,
            sizes=((40, 8, 16),),
            precisions_at=((40, 8, 16),),
            genome=(60, 50, 10),
            on_disk=(80, 30, 6),
            n_epochs=2,
            n_models=2,
            n_jobs=1,
            regdiffusion_steps=(2, 1),
            repeats=1,
            copied_bytes=2**16,
            product=32,
        )


@dataclass
class Run:
    """What the parts share: the sizes, the data, and the file that the results go to."""

    plan: Plan
    results: Path
    ends_at: float
    part: str = ""
    rows: list[list[Any]] = field(default_factory=list)
    ceilings: dict[str, Ceilings] = field(default_factory=dict)

    @classmethod
    def resumed(cls, plan: Plan, results: Path, minutes: float) -> Run:
        """Go on with a file of results, if it is there, for so many minutes."""
        rows = pd.read_csv(results, dtype=str, keep_default_na=False).to_numpy().tolist() if results.exists() else []
        return cls(plan, results, time.monotonic() + 60 * minutes, rows=rows)

    def do(self, part: str, measure: Callable[[Run], None]) -> None:
        """Replace the results of a part by those that ``measure`` adds; an error is one of them."""
        self.part = part
        if not self.in_time("all of it"):
            return
        self.rows = [row for row in self.rows if row[0] != part]
        start = time.perf_counter()
        try:
            with quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                measure(self)
        except Exception as error:
            traceback.print_exc()
            self.add("all of it", "", "error", repr(error)[:300])
        if self.plan.device.type == "cuda":
            torch.cuda.empty_cache()
        self.add("all of it", "", "seconds", time.perf_counter() - start)

    def add(self, what: str, device: str, quantity: str, value: Any) -> None:
        """Print a result and append it to the file."""
        value = f"{value:.5g}" if isinstance(value, float) else str(value)
        self.rows.append([self.part, what, device, quantity, value])
        print(f"{self.part:13} {what}, {device}: {quantity} {value}", flush=True)
        pd.DataFrame(self.rows, columns=COLUMNS).to_csv(self.results, index=False)

    def in_time(self, what: str) -> bool:
        """Say whether there is time left, and record what is not run if there is none."""
        if time.monotonic() < self.ends_at:
            return True
        self.add(what, "", "not run", "out of time")
        return False

    @cached_property
    def cells(self) -> AnnData:
        """The cells of BEELINE's hESC, with a ChIP-seq network as truth; the rehearsal simulates some."""
        if self.plan.is_rehearsal:
            adata = datasets.simulate(120, 30, 6, seed=0)
            adata.varp["truth"] = abs(adata.varp["truth"])
            return adata
        adata = real_cells("hESC_TFs500")
        adata.varp["truth"] = adata.varp["chip_cell_specific"]
        return adata

    def fit(self, adata: AnnData, accelerator: str, *, seed: int = 0, **options: Any) -> InfoSEM:
        """Register cells, make a model without priors and train it, as a user would."""
        register(adata)
        model = InfoSEM(adata, seed=seed)
        model.train(accelerator=accelerator, **{"max_epochs": self.plan.n_epochs, **QUIET, **options})
        return model

    def add_epochs(self, what: str, model: InfoSEM, options: Mapping[str, Any]) -> float:
        """Add the seconds of an epoch: the difference of two trainings, since each begins with the same."""
        one, five = (seconds(lambda n=n: model.train(n, **options)) for n in (1, 5))
        spent = (five - one) / 4
        self.add(what, self.plan.device.type, "seconds of an epoch", spent)
        return spent


def register(cells: AnnData) -> None:
    """Register cells without priors."""
    InfoSEM.setup_anndata(cells, embedding_key=None, interactions_key=None)
