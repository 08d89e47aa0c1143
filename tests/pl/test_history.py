"""Curves of training."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from infosem import InfoSEM, pl


def curve(name: str, *values: float, first: int = 0) -> dict[str, pd.DataFrame]:
    index = pd.Index(range(first, first + len(values)), name="epoch")
    return {name: pd.DataFrame({name: pd.Series(values, index, dtype=object)})}  # scvi-tools' columns are objects


TRAINED = {
    **curve("train_loss", 0.8, 0.4, 0.2),
    **curve("elbo_train", -400.0, -600.0, -650.0),
    **curve("reconstruction_loss_train", 900.0, 680.0, 620.0),
    **curve("kl_local_train", 1.0, 11.0, 16.0),
    **curve("kl_global_train", -1e6, -1e6, -1e6),
}


def curves(axes: Axes) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_ydata()) for line in axes.lines if not line.get_label().startswith("_")}


def test_changes_of_the_elbo_and_its_terms(ax: Axes) -> None:
    assert pl.history(SimpleNamespace(history=TRAINED), ax=ax) is ax
    found = curves(ax)
    assert found == {
        "negative ELBO": [0, -200, -250],
        "reconstruction": [0, -220, -280],
        "KL of the latent noise": [0, 10, 15],
        "prior of the network": [0, 10, 15],  # -1301, -1291, -1286
    }
    assert all(list(line.get_xdata()) == [0, 1, 2] for line in ax.lines)
    assert len({line.get_color() for line in ax.lines}) == 4
    assert ax.get_yscale() == "linear"
    assert "nats per cell" in ax.get_ylabel()


def test_held_out_cells_have_the_origin_of_the_training_cells(ax: Axes) -> None:
    held_out = {
        **curve("elbo_validation", -4000.0, first=1),
        **curve("reconstruction_loss_validation", 850.0, first=1),
        **curve("kl_local_validation", 3.0, first=1),
    }
    pl.history(SimpleNamespace(history={**TRAINED, **held_out}), ax=ax)
    dashed = {to_hex(line.get_color()): line for line in ax.lines if line.get_linestyle() == "--"}
    solid = {line.get_label(): to_hex(line.get_color()) for line in ax.lines if line.get_linestyle() == "-"}
    # the ELBO of held-out cells shares the prior among fewer cells: it is on no common axis
    assert len(dashed) == 2
    for name, change in (("reconstruction", -50.0), ("KL of the latent noise", 2.0)):
        line = dashed[solid[name]]
        assert (list(line.get_xdata()), list(line.get_ydata())) == ([1], [change])
    assert [text.get_text() for text in ax.get_legend().get_texts()][-1] == "held-out cells"


def test_legend_is_clear(ax: Axes, require_clear_legend: Callable[[], None]) -> None:
    pl.history(SimpleNamespace(history=TRAINED), ax=ax)
    require_clear_legend()


def test_of_a_trained_model(cells: AnnData, ax: Axes) -> None:
    InfoSEM.setup_anndata(cells)
    model = InfoSEM(cells)
    with pytest.raises(RuntimeError, match=r"model\.train\(\)"):
        pl.history(model, ax=ax)
    model.train(3, train_size=0.8, check_val_every_n_epoch=1, accelerator="cpu", enable_progress_bar=False)
    found = curves(pl.history(model, ax=ax))
    assert [len(line.get_xdata()) for line in ax.lines] == [3] * 6
    terms = sum(pd.Series(values) for name, values in found.items() if name != "negative ELBO")
    assert list(terms) == pytest.approx(found["negative ELBO"], abs=1e-3)
