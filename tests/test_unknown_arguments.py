"""Arguments that a method has not, or of another kind, are named."""

from __future__ import annotations

import pytest

from infosem import InfoSEM

from .conftest import train


@pytest.mark.parametrize("name", ["labels_key", "protein_expression_obsm_key", "embeding_key"])
def test_an_argument_that_other_models_have_is_named(registered, name):
    with pytest.raises(TypeError, match=f"no argument '{name}'.*layer, batch_key"):
        InfoSEM.setup_anndata(registered, **{name: "batch"})


@pytest.mark.parametrize("name", ["n_epochs", "lr", "use_gpu", "seed"])
def test_an_argument_that_no_trainer_has_is_named(registered, name):
    with pytest.raises(TypeError, match=f"no argument '{name}'.*max_epochs="):
        train(registered, **{name: 1})


@pytest.mark.parametrize("name", ["batch_key", "n_latent", "embedding_key", "embeding_weight"])
def test_an_argument_that_the_model_has_not_is_named(registered, name):
    with pytest.raises(TypeError, match=rf"InfoSEM has no argument '{name}'; it has preset.*setup_anndata.*train"):
        InfoSEM(registered, **{name: 10})


def test_what_is_no_dictionary_of_steps_or_no_truth_value_is_named(registered):
    with pytest.raises(TypeError, match="^plan_kwargs=5 must be a dictionary of step sizes"):
        train(registered, plan_kwargs=5)
    for value in ("a", 1, None):
        with pytest.raises(ValueError, match="^early_stopping=.* must be True or False"):
            train(registered, early_stopping=value)
