"""Bad input gets an error or a warning that names it and says how to mend it."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from infosem import InfoSEM, datasets, pp
from infosem.module import Gaussian, LowRankEdges, ScalarNetworks, TextPrior


def with_x(cells, x):
    cells.X = x
    return cells


def dense(cells):
    return cells.X.toarray()


class TestExpression:
    def test_binary_values_are_not_counts(self, cells, caplog):
        InfoSEM.setup_anndata(with_x(cells, (dense(cells) > 0).astype(float)))
        assert "holds counts" not in caplog.text

    def test_values_without_a_logarithm_are_warned_of(self, cells, caplog):
        InfoSEM.setup_anndata(cells)
        assert "log-transformed" not in caplog.text
        InfoSEM.setup_anndata(with_x(cells, np.expm1(2 * dense(cells))))
        assert "log-transformed" in caplog.text
        assert "log1p" in caplog.text

    def test_negative_values(self, cells):
        x = dense(cells)
        with pytest.raises(ValueError, match=r"negative values \(lowest -.*raw\.to_adata"):
            InfoSEM.setup_anndata(with_x(cells, (x - x.mean(0)) / x.std(0)))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_values_that_are_not_finite(self, cells, value):
        x = dense(cells)
        x[3, 4] = value
        with pytest.raises(ValueError, match="not finite"):
            InfoSEM.setup_anndata(with_x(cells, x))
        with pytest.raises(ValueError, match="not finite"):
            InfoSEM.setup_anndata(with_x(cells, sparse.csr_matrix(x)))

    def test_repeated_gene_names(self, cells):
        names = list(cells.var_names)
        names[5] = names[2]
        cells.var_names = names
        with pytest.raises(ValueError, match="TF2.*var_names_make_unique"):
            InfoSEM.setup_anndata(cells)

    @pytest.mark.parametrize("shape", [(1, 24), (120, 1)])
    def test_too_few_cells_or_genes(self, cells, shape):
        small = AnnData(cells.X[: shape[0], : shape[1]])
        with pytest.raises(ValueError, match=f"{shape[0]} cells and {shape[1]} genes"):
            InfoSEM.setup_anndata(small)

    def test_no_expression(self, cells):
        with pytest.raises(ValueError, match="layer="):
            InfoSEM.setup_anndata(AnnData(var=cells.var, obs=cells.obs))

    def test_not_an_anndata(self, cells):
        with pytest.raises(TypeError, match="needs an AnnData, not ndarray"):
            InfoSEM.setup_anndata(dense(cells))

    def test_nothing_varies(self, cells):
        with pytest.raises(ValueError, match="All 24 genes of adata.X are constant"):
            InfoSEM.setup_anndata(with_x(cells, np.zeros(cells.shape)))

    def test_other_cells_are_checked_too(self, trained, cells):
        other = cells.copy()
        other.X = dense(cells) - 1
        with pytest.raises(ValueError, match="negative values"):
            trained.get_latent_representation(other)


class TestKeys:
    @pytest.mark.parametrize(
        ("argument", "there"),
        [
            ("layer", "no entries"),
            ("embedding_key", "gene_embedding"),
            ("interactions_key", "known_interactions"),
            ("regulator_key", "is_regulator"),
        ],
    )
    def test_a_key_that_is_not_there(self, cells, argument, there):
        with pytest.raises(KeyError, match=f"typo.*{there}"):
            InfoSEM.setup_anndata(cells, **{argument: "typo"})

    @pytest.mark.parametrize("prior", ["embedding", TextPrior(weight=3.0)], ids=repr)
    def test_a_prior_that_was_not_registered(self, cells, prior):
        InfoSEM.setup_anndata(cells, embedding_key=None)
        with pytest.raises(ValueError, match="prior='embedding' needs.*setup_anndata.*embedding_key"):
            InfoSEM(cells, prior=prior)

    def test_an_edge_model_without_interactions(self, cells):
        InfoSEM.setup_anndata(cells, interactions_key=None)
        with pytest.raises(ValueError, match=r"edge_model=LowRankEdges.*setup_anndata.*interactions_key"):
            InfoSEM(cells, edge_model=LowRankEdges())

    @pytest.mark.parametrize(
        ("make", "name"),
        [
            (Gaussian, "mask_zeros"),
            (Gaussian, "variance"),
            (ScalarNetworks, "evaluation"),
        ],
    )
    def test_a_choice_that_is_none(self, make, name):
        with pytest.raises(ValueError, match=f"{name}='typo' is not one of"):
            make(**{name: "typo"})

    @pytest.mark.parametrize("name", ["preset", "prior"])
    def test_a_name_that_is_none(self, cells, name):
        InfoSEM.setup_anndata(cells)
        with pytest.raises(ValueError, match=f"{name}='typo' is not one of"):
            InfoSEM(cells, **{name: "typo"})

    @pytest.mark.parametrize("name", ["edge_model", "likelihood", "latent", "networks", "start", "ranking"])
    def test_what_is_no_object_of_settings(self, cells, name):
        InfoSEM.setup_anndata(cells)
        with pytest.raises(TypeError, match=rf"{name}='typo' must be .*{name}=infosem\.\w+\.\w+\(\)"):
            InfoSEM(cells, **{name: "typo"})


class TestEmbeddings:
    def test_wrong_length_is_refused_by_anndata_and_wrong_shape_by_us(self, cells):
        cells.varm["flat"] = np.zeros((24, 0))
        with pytest.raises(ValueError, match="one vector per gene"):
            InfoSEM.setup_anndata(cells, embedding_key="flat")

    def test_all_nan(self, cells):
        cells.varm["gene_embedding"][:] = np.nan
        with pytest.raises(ValueError, match="0 of 24 genes.*embedding_key=None"):
            InfoSEM.setup_anndata(cells)

    def test_infinite(self, cells):
        cells.varm["gene_embedding"][2, 1] = np.inf
        with pytest.raises(ValueError, match="infinite"):
            InfoSEM.setup_anndata(cells)


class TestInteractions:
    def test_a_zero_in_a_dense_matrix_is_ambiguous(self, cells):
        cells.varp["known_interactions"] = cells.varp["known_interactions"].toarray().astype(float)
        with pytest.raises(ValueError, match=r"other than \+1 and -1 \(0\).*pp\.known_interactions"):
            InfoSEM.setup_anndata(cells)

    @pytest.mark.parametrize("value", [0.5, 2, np.inf])
    def test_other_values(self, cells, value):
        matrix = cells.varp["known_interactions"].astype(float)
        matrix.data[0] = value
        cells.varp["known_interactions"] = matrix
        with pytest.raises(ValueError, match=f"1 values other than .*{value:g}"):
            InfoSEM.setup_anndata(cells)

    def test_wrong_shape(self):
        from infosem.data._known_interactions import read_known_interactions

        with pytest.raises(ValueError, match=r"\(3, 4\), expected \(5, 5\)"):
            read_known_interactions(np.ones((3, 4)), [f"g{i}" for i in range(5)], key="known")

    def test_labels_of_non_regulators_and_of_a_gene_with_itself_are_ignored_and_counted(self, cells, caplog):
        matrix = cells.varp["known_interactions"].tolil()
        matrix[20, 3], matrix[2, 2] = 1, -1
        expected = cells.varp["known_interactions"].nnz
        cells.varp["known_interactions"] = matrix.tocsr()
        InfoSEM.setup_anndata(cells)
        assert "2 known interactions are ignored" in caplog.text
        assert len(InfoSEM(cells).edge_facts_.is_edge) == expected

    def test_none_that_can_be_used(self, cells):
        cells.varp["known_interactions"] = sparse.csr_matrix(([1], ([20], [3])), shape=(24, 24))
        with pytest.raises(ValueError, match="no known interaction.*interactions_key=None"):
            InfoSEM.setup_anndata(cells)


class TestRegulators:
    @pytest.mark.parametrize("n", [0, 1])
    def test_too_few(self, cells, n):
        cells.var["is_regulator"] = np.arange(24) < n
        with pytest.raises(ValueError, match=f"marks {n} of 24 genes.*regulator_key=None"):
            InfoSEM.setup_anndata(cells)

    @pytest.mark.parametrize("column", [["yes"] * 24, [True, None] * 12, [0.5, 1.0] * 12])
    def test_not_boolean(self, cells, column):
        cells.var["is_regulator"] = column
        with pytest.raises(ValueError, match="expected True for regulators"):
            InfoSEM.setup_anndata(cells)

    def test_zeros_and_ones_are_boolean(self, cells):
        cells.var["is_regulator"] = cells.var["is_regulator"].astype(int)
        InfoSEM.setup_anndata(cells)
        assert len(InfoSEM(cells).regulator_names) == 6


class TestTrainAndRead:
    @pytest.mark.parametrize(
        "sizes", [{"train_size": 0}, {"train_size": 1.2}, {"train_size": 0.8, "validation_size": 0.3}]
    )
    def test_shares_of_the_cells(self, cells, sizes):
        InfoSEM.setup_anndata(cells)
        with pytest.raises(ValueError, match="shares? of the cells"):
            InfoSEM(cells).train(max_epochs=1, **sizes)

    def test_early_stopping_needs_cells_to_watch(self, cells):
        InfoSEM.setup_anndata(cells)
        with pytest.raises(ValueError, match="train_size=0.9.*elbo_train"):
            InfoSEM(cells).train(max_epochs=2, early_stopping=True)

    def test_a_key_of_the_user_is_not_overwritten(self, trained, cells):
        with pytest.raises(ValueError, match="key_added"):
            trained.write_network(key_added="known_interactions")
        trained.write_network()
        trained.write_network()  # its own may be written again

    def test_no_epochs(self, cells):
        InfoSEM.setup_anndata(cells)
        with pytest.raises(ValueError, match="max_epochs=0"):
            InfoSEM(cells).train(max_epochs=0)

    def test_an_adata_with_other_genes_cannot_hold_the_network(self, trained, cells):
        with pytest.raises(ValueError, match="lacks 4 of the model's 24"):
            trained.write_network(cells[:, 4:].copy())

    def test_no_cells_to_sample(self, trained):
        with pytest.raises(ValueError, match="n_cells=0"):
            trained.sample_cells(0)

    def test_top_must_not_be_negative(self, trained):
        with pytest.raises(ValueError, match="top=-1"):
            trained.get_edges(top=-1)


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("embedding_key", "pp.add_embeddings"),
        ("interactions_key", "pp.known_interactions"),
        ("regulator_key", "pp.regulators"),
    ],
)
def test_a_key_that_is_not_there_names_the_call_that_makes_it(cells, argument, call):
    with pytest.raises(KeyError, match=rf"'nope' is not in adata.*{call}"):
        InfoSEM.setup_anndata(cells, **{argument: "nope"})


def test_regulators_that_do_not_vary_say_so(cells, caplog):
    x = dense(cells)
    x[:, cells.var["is_regulator"]] = 1
    InfoSEM.setup_anndata(with_x(cells, x), interactions_key=None)
    model = InfoSEM(cells)
    model.train(2, accelerator="cpu", enable_progress_bar=False)
    assert "None of the 6 regulators varies" in caplog.text
    assert model.get_edges().empty


def test_simulate_names_what_is_wrong():
    with pytest.raises(ValueError, match="n_regulators=9"):
        datasets.simulate(10, 5, 9)
    with pytest.raises(ValueError, match="spectral_radius"):
        datasets.simulate(spectral_radius=1.0)


def test_known_interactions_names_what_is_wrong(cells):
    import pandas as pd

    edges = pd.DataFrame({"source": ["TF0", "TF1"], "target": ["gene1", "gene2"]})
    with pytest.raises(ValueError, match=r"lacks the columns \['target'\]"):
        pp.known_interactions(cells, edges.drop(columns="target"))
    with pytest.raises(ValueError, match="None of the 2 pairs of edges"):
        pp.known_interactions(cells, edges.apply(lambda column: column.str.lower() + "x"))
    with pytest.raises(ValueError, match=r"1 pairs are both.*TF1 -> gene2"):
        pp.known_interactions(cells, edges, negatives=edges.tail(1))
