"""The section of docs/speed.md on GPUs, which is written from benchmarks/results/gpu/results.csv."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parents[1] / "results" / "gpu" / "results.csv"
_FIRST_EPOCH = "seconds to first epoch's end"
_STEP = re.compile(r"(\d+) genes x (\d+) regulators, (\d+) cells")


class Results:
    """The results that benchmarks/gpu.py wrote."""

    def __init__(self, path: Path = RESULTS) -> None:
        self.rows = pd.read_csv(path, dtype=str, keep_default_na=False)

    def text(self, part: str, what: str, quantity: str, device: str = "cuda") -> str:
        """Find one value as it is written; it is empty if it was not measured."""
        rows = self.rows
        found = rows.loc[
            (rows["part"] == part)
            & (rows["what"] == what)
            & (rows["quantity"] == quantity)
            & (rows["device"] == device),
            "value",
        ]
        return found.iloc[-1] if len(found) else ""

    def number(self, part: str, what: str, quantity: str, device: str = "cuda") -> float:
        """Find one value; it is NaN if it was not measured."""
        return float(self.text(part, what, quantity, device) or "nan")

    def of(self, part: str, quantity: str, device: str = "cuda") -> pd.Series:
        """Find all values of a quantity, by what they are of."""
        rows = self.rows
        found = rows[(rows["part"] == part) & (rows["quantity"] == quantity) & (rows["device"] == device)]
        return found.set_index("what")["value"]


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a table in markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """Write three digits, or a dash where nothing was measured."""
    if pd.isna(value):
        return "-"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def paragraph(*sentences: str) -> str:
    """Join sentences and wrap them."""
    return textwrap.fill(" ".join(sentence for sentence in sentences if sentence), 128, break_on_hyphens=False)


def section(results: Results | None = None) -> str:
    """Write the section."""
    results = Results() if results is None else results
    parts = [
        "## On a GPU",
        _provenance(results),
        _agreement(results),
        "**A whole fit** of hESC (910 genes, 410 regulators, 758 cells), with the setup:",
        _fits(results),
        paragraph(
            "**A step**, with values that are on the device already. Up to 20,000 genes with 400 regulators the host",
            "determines the time on the GPU. It starts about four hundred kernels one after the other, whatever the",
            "size, and the GPU waits for most of that time. A GPU is therefore useful from about a thousand genes",
            "on, and larger batches use it fully.",
        ),
        _steps(results),
        _ceilings(results),
        _genome(results),
        paragraph(
            "**Lower precision** saves no time where starting the kernels takes most of it, and it hardly changes the",
            "network:",
        ),
        _precision(results),
        _ensembles(results),
        _disk(results),
        _not_run(results),
    ]
    return "\n\n".join(parts) + "\n"


def _provenance(results: Results) -> str:
    def version(name: str) -> str:
        return results.text("card", "versions", name, "")

    card, gib = results.text("card", "machine", "name"), results.number("card", "machine", "GiB")
    return paragraph(
        "`model.train()` uses a GPU if there is one. These measurements of `python benchmarks/gpu.py --output",
        f"benchmarks/results/gpu` compare one {card} ({gib:.0f} GiB, driver",
        f"{results.text('card', 'machine', 'driver')}) with {results.text('card', 'machine', 'threads', 'cpu')}",
        f"threads of the processor of the same machine: Python {version('python')}, torch {version('torch')}, CUDA",
        f"{version('CUDA')}, scvi-tools {version('scvi-tools')}; {version('date')}.",
    )


def _ceilings(results: Results) -> str:
    def card(what: str, quantity: str) -> str:
        return number(results.number("card", what, quantity))

    rates = [card(f"product of matrices, {kind}", "TFLOP/s") for kind in ("float32", "TF32", "bfloat16")]
    return paragraph(
        f"The GPU copies {card('copy, read and written', 'GB/s')} GB/s, counting reads and writes. It multiplies",
        f"matrices at {rates[0]} TFLOP/s in float32, {rates[1]} in TF32 and {rates[2]} in bfloat16. Starting an",
        f"empty kernel takes {card('kernels that do nothing', 'us each')} microseconds.",
    )


def _agreement(results: Results) -> str:
    errors = {
        name: results.rows[
            results.rows["quantity"].str.startswith("relative error of")
            & results.rows["what"].str.endswith(name)
            & (results.rows["part"] == "agreement")
            & (results.rows["device"] == "cuda")
        ]["value"]
        .astype(float)
        .max()
        for name in ("float32", "TF32")
    }
    share = "share of the best 1000 edges by strength"
    one, other, rounded = (
        results.number("agreement", what, share, device)
        for what, device in (("a fit", "cuda"), ("a fit, other seed", "cpu"), ("a fit, TF32", "cuda"))
    )
    auprc = [results.number("agreement", "a fit", "AUPRC", device) for device in ("cpu", "cuda")]
    works = set(results.of("portability", "failed")) == {"none"}
    same = set(results.of("portability", "same network")) == {"True"}
    return paragraph(
        "**A GPU gives the same network.** The loss and the gradients of a step differ from double precision by a",
        f"relative error of at most {errors['float32']:.0e} (TF32 {errors['TF32']:.0e}). The fit on the GPU shares",
        f"{one:.1%} of the best 1,000 edges of hESC with the fit on the CPU (two seeds on the CPU share {other:.1%},",
        f"TF32 {rounded:.1%}). The AUPRC on cell-type-specific ChIP-seq is {auprc[1]:.4f} on the GPU and",
        f"{auprc[0]:.4f} on the CPU.",
        "A model that was saved on one device loads on the other with the same network." if same else "",
        "Every method of a model works on the GPU." if works else "",
    )


def _fits(results: Results) -> str:
    def median(device: str) -> float:
        values = results.of("fits", "seconds", device)
        return float(values[values.index.str.startswith("infosem")].astype(float).median())

    rows = [["infosem", number(median("cuda")), number(median("cpu"))]]
    for what in ("RegDiffusion, 1000 of its 1000 steps", "RegDiffusion, 100 of its 1000 steps"):
        rows.append([what, *(number(results.number("fits", what, "seconds", device)) for device in ("cuda", "cpu"))])
    return table(["", "seconds, GPU", "seconds, CPU"], rows)


def _steps(results: Results) -> str:
    rows = []
    for what in results.of("steps", "ms").index:
        genes, regulators, cells = (int(group) for group in _STEP.match(what).groups())  # type: ignore[union-attr]
        gpu, cpu = (results.number("steps", what, "ms", device) for device in ("cuda", "cpu"))
        busy = results.number("steps", what, "ms of kernels") / gpu
        rows.append(
            [
                f"{genes:,}",
                f"{regulators:,}",
                f"{cells:,}",
                number(gpu),
                number(cpu),
                number(cpu / gpu),
                f"{busy:.0%}",
                results.text("steps", what, "kernels"),
                f"{results.number('steps', what, 'share of float32 rate'):.1%}",
                number(results.number("steps", what, "peak GiB")),
            ]
        )
    header = ["genes", "regulators", "cells", "ms, GPU", "ms, CPU", "times as fast", "GPU busy", "kernels"]
    return table([*header, "of the float32 rate", "peak GiB"], sorted(rows, key=lambda row: [_int(v) for v in row[:3]]))


def _int(value: str) -> int:
    return int(value.replace(",", ""))


def _genome(results: Results) -> str:
    whats = results.rows.loc[results.rows["part"] == "genome", "what"]
    what = next(name for name in whats if name != "all of it")

    def seconds(quantity: str, device: str = "cuda") -> float:
        return results.number("genome", what, quantity, device)

    effects = results.of("genome", "seconds of the effects on 3200 genes, once", "cpu").astype(float).iloc[-1]
    on_gpu = seconds("seconds of the effects on 3200 genes, once")
    genes, regulators, cells = (int(size) for size in re.findall(r"\d+", what))
    return paragraph(
        f"**A genome** of {genes:,} genes, {regulators:,} regulators and {cells:,} cells takes",
        f"{seconds(_FIRST_EPOCH):.0f} s until the end of the first epoch, and {seconds('seconds of an epoch'):.2f} s",
        f"for each later epoch of {-(-cells // 128)} steps. It needs {seconds('peak GiB'):.1f} GiB of the GPU's",
        f"memory (the log estimates {seconds('estimated GiB'):.1f}). For 3,200 of the genes the sparse effects that",
        f"training starts from take {on_gpu:.2f} s on the GPU and {effects:.1f} s on the CPU. The rest of the closed",
        f"form is always computed on the CPU: {seconds('seconds of covariation', 'cpu'):.0f} s for the covariation and",
        f"{seconds('seconds of association', 'cpu'):.0f} s for the association. `get_edges` takes",
        f"{seconds('seconds of edges'):.0f} s.",
    )


def _precision(results: Results) -> str:
    steps = results.of("precision", "ms").astype(float)
    shares = results.of("precision", "share of the best 1000 edges by strength")
    rows = []
    for what, spent in steps.items():
        name, size = re.match(r"a step, ([^,]+), (.*)", str(what)).groups()  # type: ignore[union-attr]
        share = shares.get(f"a fit, {name}")
        rows.append(
            [f"`{name}`" if "mixed" in name else name, size, number(spent), f"{float(share):.1%}" if share else "-"]
        )
    return table(["precision", "size of the step", "ms", "best 1,000 edges of hESC shared with the CPU"], rows)


def _ensembles(results: Results) -> str:
    said = {}
    for device, name in (("cuda", "GPU"), ("cpu", "CPU")):
        for what, value in results.of("ensembles", "seconds", device).items():
            if found := re.match(r"(\d+) models, (\d+) processes", str(what)):
                n = int(found[2])
                said[f"{n} process{'es' * (n > 1)} on the {name}"] = float(value)
    each = ", ".join(f"{how} {spent:.0f} s" for how, spent in said.items())
    fastest = min(said, key=lambda how: said[how])
    return paragraph(f"**Ensembles** of ten models of hESC take: {each}. The fastest at this size is {fastest}.")


def _disk(results: Results) -> str:
    busy = results.of("disk", "share of it that the device computes", "cuda")
    if busy.empty:
        return ""
    shares = {str(what).split(",")[0]: float(value) for what, value in busy.items()}
    size = str(busy.index[0]).split(", ")[1]
    each = ", ".join(f"{where} {share:.0%}" for where, share in shares.items())
    return paragraph(
        f"**Cells in memory and on disk**, {size}. The GPU computes for the following share of an epoch, and the",
        f"rest of the time is loading: {each}.",
    )


def _not_run(results: Results) -> str:
    titles = {"disk": "cells that stay on disk", "distributed": "several GPUs (two processes on a CPU)"}
    missing = results.rows.loc[results.rows["quantity"] == "not run", "part"].unique()
    said = " and ".join(titles.get(part, part) for part in missing)
    return paragraph(
        f"**Only rehearsed** at a small size: {said}." if said else "",
        "No GPU of another manufacturer has been tried.",
    )
