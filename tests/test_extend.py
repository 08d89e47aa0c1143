"""The page on extensions: its files are written, and its code is run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

import infosem
from infosem import InfoSEM, datasets

from .conftest import QUIET

mpl.use("Agg")
PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
FILES = {match[1]: block for block in BLOCKS if (match := re.match(r"# (\w+\.py)\n", block))}
USES = [block for block in BLOCKS if block not in FILES.values()]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> dict[str, Any]:
    """What the page's code leaves behind, with training that is short."""
    folder = tmp_path_factory.mktemp("extend")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    adata = datasets.simulate(120, 24, 6, seed=0)
    adata.varp["edges"] = adata.varp["truth"] != 0
    names: dict[str, Any] = {"adata": adata, "folder": folder}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.chdir(folder)
        train = InfoSEM.train
        patch.setattr(InfoSEM, "train", lambda self: train(self, 2, **QUIET))
        trained = []
        for use in USES:
            exec(compile(use, str(PAGE), "exec"), names)
            if "model.train()" in use:
                trained.append(names["model"])
        names["trained"] = trained
    plt.close("all")
    return names


def test_the_page_has_a_file_and_a_use_of_each_kind():
    assert list(FILES) == [
        "accessibility_prior.py",
        "laplace_noise.py",
        "binding.py",
        "similar_text.py",
        "share_of_regulators.py",
    ]
    assert len(USES) == 5
    for content in FILES.values():
        assert not re.search(r"infosem[\w.]*\._", content), "a private name"


def test_the_prior_is_the_one_that_is_passed_and_comes_back(page):
    model, again = page["trained"][0], page["again"]
    assert model.prior_ == "accessibility+interactions"
    np.testing.assert_array_equal(again.get_strength(), model.get_strength())
    assert again.module.effect_prior.costs.equal(model.module.effect_prior.costs)
    effects = model.module.adjacency.effects().detach()
    column = model.gene_names.index("gene12")
    costly = torch.zeros_like(effects)
    costly[:, column] = effects[:, column]
    expected = 100 * costly.abs().sum() / model.module.adjacency.n_pairs
    torch.testing.assert_close(model.module.effect_prior.penalty(costly), expected)


def test_a_session_that_does_not_know_the_prior_says_what_to_import(page):
    code = "import infosem; infosem.InfoSEM.load('accessibility_model', adata=False, accelerator='cpu')"
    run = [sys.executable, "-c", code], [sys.executable, "-c", f"import accessibility_prior; {code}"]
    unknown, known = (
        subprocess.run(command, cwd=page["folder"], capture_output=True, text=True, check=False) for command in run
    )
    assert "cannot be loaded here: the model was made with AccessibilityPrior" in unknown.stderr
    assert "import the module that defines it" in unknown.stderr
    assert "damaged" not in unknown.stderr
    assert known.returncode == 0, known.stderr


def test_the_likelihood_is_a_normalised_density_and_what_it_samples(page):
    model = page["trained"][1]
    distribution = model.module.likelihood.distribution(torch.full((200_000,), 0.3, dtype=torch.float64))
    grid = torch.linspace(-20, 20, 40_001, dtype=torch.float64)
    density = torch.exp(-0.5 * (type(distribution)(torch.tensor(0.3)).deviance(grid) + np.log(2 * np.pi)))
    assert torch.trapezoid(density, grid).item() == pytest.approx(1, abs=1e-4)
    sample = distribution.sample(torch.Generator().manual_seed(0))
    assert sample.mean().item() == pytest.approx(0.3, abs=0.01)
    assert sample.var().item() == pytest.approx(1, abs=0.03)
    assert np.isfinite(model.get_elbo())


def test_the_evidence_is_a_column_an_entry_and_a_part_of_the_sum(page):
    model, adata = page["trained"][2], page["adata"]
    parts = model.get_evidence()
    assert parts["binding"].loc["TF0", "gene12"] == 1
    assert parts["binding"].to_numpy().sum() == 2
    assert "binding" in page["edges"]
    assert adata.varp["infosem_binding"].sum() == 2
    pd.testing.assert_frame_equal(infosem.get.network(adata, top=20), page["edges"])
    strength = model.get_strength()
    total = sum(part.loc["TF0", "gene12"] for part in parts.values())
    assert strength.loc["TF0", "gene12"] == pytest.approx(np.logaddexp(0, total), rel=1e-5)


def test_the_baseline_and_the_plot(page):
    assert set(page["results"]["method"]) == {"similar text", "|Pearson|", "Random"}
    share = page["axes"].lines[0].get_ydata()
    assert share[-1] == pytest.approx(1)
    assert (np.diff(share) > 0).all()


def test_terms_of_the_evidence_have_names_of_their_own(page):
    term = page["Binding"](sites=())
    ranking = infosem.scores.SumOfEvidence()
    with pytest.raises(ValueError, match="two terms of the same name"):
        ranking.plus(term, term)
    with pytest.raises(TypeError, match="must be a tuple of evidence terms"):
        infosem.scores.SumOfEvidence(terms=term)
    named = type("Named", (type(term),), {"name": "probability"})
    with pytest.raises(ValueError, match="cannot be called 'probability'"):
        ranking.plus(named(sites=()))
    with pytest.raises(TypeError, match="evidence terms, for instance infosem.scores.Association"):
        ranking.plus("association")


@pytest.mark.parametrize("score", [None, np.ones(3), np.full((6, 24), np.nan), np.full((6, 24), "a")], ids=range(4))
def test_what_is_no_score_is_refused_by_the_name_of_its_term(page, score):
    @infosem.register
    @dataclass(frozen=True, kw_only=True)
    class Odd(infosem.scores.Evidence):
        name: ClassVar[str] = "odd"

        def log_score(self, edges):
            return score

    ranking = infosem.scores.SumOfEvidence().plus(Odd())
    model = InfoSEM(page["adata"], ranking=ranking)
    model.train(1, **QUIET)
    with pytest.raises(ValueError, match=r"Odd\.log_score returned"):
        model.get_edges()


def test_what_is_not_registered_is_refused_before_training(page):
    @dataclass(frozen=True, kw_only=True)
    class Unknown(infosem.scores.Evidence):
        name: ClassVar[str] = "unknown"

        def log_score(self, edges):
            return np.zeros(edges.possible.shape)

    ranking = infosem.scores.SumOfEvidence().plus(Unknown())
    with pytest.raises(TypeError, match="Unknown is not registered.*@infosem.register"):
        InfoSEM(page["adata"], ranking=ranking)
    with pytest.raises(TypeError, match="needs a name of letters"):
        infosem.register(type("Unknown", (Unknown,), {"name": "a/b"}))


def test_a_class_in_place_of_an_object(page):
    for argument in ({"prior": infosem.module.LaplacePrior}, {"networks": infosem.module.ScalarNetworks}):
        with pytest.raises(TypeError, match=r"\(\), not its class"):
            InfoSEM(page["adata"], **argument)


def test_only_frozen_dataclasses_of_settings_are_registered():
    with pytest.raises(TypeError, match="not a frozen dataclass of settings"):
        infosem.register(dict)
    known = type("LaplacePrior", (infosem.module.LaplacePrior,), {"__module__": "mine"})
    with pytest.raises((TypeError, ValueError), match="registered already, from infosem"):
        infosem.register(known)
