"""Numbers of odd types and sizes in AnnData: they work as plain ones, or a sentence says what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from infosem import InfoSEM, datasets
from infosem.data._correlation import signs_beyond_noise
from infosem.data._embeddings import checked_embeddings
from infosem.data._known_interactions import read_known_interactions
from infosem.network._edge_table import edge_table, known_signs
from infosem.network._thresholds import Thresholds
from infosem.network._write import write_matrices

from .conftest import QUIET

GENES = [f"gene{i}" for i in range(30)]
VECTORS = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)


def network(adata: AnnData) -> np.ndarray:
    InfoSEM.setup_anndata(adata)
    model = InfoSEM(adata)
    model.train(2, **QUIET)
    return model.get_strength().to_numpy()


def dense() -> AnnData:
    adata = datasets.simulate(80, 16, 4, seed=0)
    adata.X = np.round(adata.X.toarray() * 8) / 8  # what half precision holds
    return adata


class TestExpression:
    @pytest.mark.parametrize(
        "make",
        [
            lambda x: x.astype(np.float16),
            lambda x: x.astype(np.longdouble),
            lambda x: x.astype(">f4"),
            np.asfortranarray,
            np.asmatrix,
            lambda x: np.where(x == 0, np.float32(-0.0), x),
            lambda x: sparse.csc_array(x.astype(np.float64)),
        ],
        ids=["half", "long", "big-endian", "Fortran", "matrix", "minus zero", "sparse"],
    )
    def test_any_type_of_real_numbers_works(self, make):
        adata, expected = dense(), network(dense())
        adata.X = make(adata.X)
        np.testing.assert_allclose(network(adata), expected, rtol=2e-3, atol=1e-4)

    @pytest.mark.parametrize("kind", [np.int64, np.uint8, np.int8, bool])
    def test_whole_numbers_work(self, kind):
        adata, plain = dense(), dense()
        adata.X = np.round(adata.X * 4).astype(kind)
        plain.X = adata.X.astype(np.float32)
        np.testing.assert_array_equal(network(adata), network(plain))

    @pytest.mark.parametrize("kind", [object, str, complex, "datetime64[s]"])
    def test_what_holds_no_real_numbers_is_refused(self, kind):
        adata = dense()
        adata.X = adata.X.astype(kind)
        with pytest.raises(ValueError, match=r"adata.X is of the type .*adata.X.astype\('float32'\)"):
            InfoSEM.setup_anndata(adata)

    def test_masked_entries_are_not_guessed(self):
        adata = dense()
        adata.layers["masked"] = np.ma.masked_array(adata.X, mask=adata.X > 2)
        with pytest.raises(ValueError, match=r"layers\['masked'\] is a masked array.*filled\(0\)"):
            InfoSEM.setup_anndata(adata, layer="masked")

    @pytest.mark.parametrize("factor", [2.0**-40, 2.0**-100])
    def test_small_values_work(self, factor):
        adata = dense()
        adata.X = adata.X.astype(np.float64) * factor
        np.testing.assert_allclose(network(adata), network(dense()), rtol=2e-3, atol=1e-4)

    def test_a_gene_that_vanishes_in_single_precision_is_constant(self):
        adata, constant = dense(), dense()
        adata.X = adata.X.astype(np.float64)
        adata.X[:, 9] *= 1e-60
        constant.X[:, 9] = 0
        np.testing.assert_allclose(network(adata), network(constant), rtol=2e-3, atol=1e-4)
        adata.X *= 1e-60
        with pytest.raises(ValueError, match="All 16 genes of adata.X are constant"):
            InfoSEM.setup_anndata(adata)


class TestNames:
    @pytest.mark.parametrize(
        "names", [list(range(16)), [0.5, *range(15)], [np.nan, *"abcdefghijklmno"]], ids=["whole", "real", "missing"]
    )
    def test_names_that_are_no_text_are_refused(self, names):
        adata = dense()
        adata.var.index = pd.Index(names, dtype=object if isinstance(names[1], str) else None)
        with pytest.raises(ValueError, match=r"gene names are not text.*var_names.astype\(str\)"):
            InfoSEM.setup_anndata(adata)

    @pytest.mark.parametrize("kind", ["category", "string"])
    def test_text_of_any_type_works(self, kind):
        adata = dense()
        adata.var.index = adata.var_names.astype(kind)
        np.testing.assert_array_equal(network(adata), network(dense()))


class TestEmbeddings:
    @pytest.mark.parametrize(
        "make",
        [
            lambda v: v.astype(np.float64),
            lambda v: v.astype(object),
            lambda v: v.astype(np.longdouble),
            sparse.csr_matrix,
            sparse.csc_array,
            np.asmatrix,
            lambda v: pd.DataFrame(v, index=GENES).astype("Float64"),
            lambda v: np.ma.masked_array(v),
            lambda v: v.astype(np.float64) * 2.0**-900,
            lambda v: v.astype(np.float64) * 2.0**900,
        ],
        ids=["double", "object", "long", "csr", "csc", "matrix", "table", "masked", "tiny", "huge"],
    )
    def test_one_set_of_vectors_is_the_same_in_any_type_and_size(self, make):
        found = checked_embeddings(make(VECTORS), GENES, name="here")
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, checked_embeddings(VECTORS, GENES, name="here"))

    @pytest.mark.parametrize("kind", [np.int64, np.uint8, bool])
    def test_whole_numbers_work(self, kind):
        found = checked_embeddings((VECTORS > 0).astype(kind), GENES, name="here")
        np.testing.assert_array_equal(found > 0, VECTORS > 0)

    @pytest.mark.parametrize(
        "make",
        [
            lambda v: np.where(np.arange(30)[:, None] == 3, None, v.astype(object)),
            lambda v: np.ma.masked_array(v, mask=np.broadcast_to(np.arange(30)[:, None] == 3, v.shape)),
            lambda v: pd.DataFrame(v, index=GENES).astype("Float32").mask(np.tile(np.arange(30) == 3, (5, 1)).T),
        ],
        ids=["None", "masked", "NA"],
    )
    def test_what_is_missing_is_a_gene_without_one(self, make):
        found = checked_embeddings(make(VECTORS), GENES, name="here")
        np.testing.assert_array_equal(np.isnan(found).all(1), np.arange(30) == 3)

    @pytest.mark.parametrize("size", [1e6, 1e25, 1e300])
    def test_one_gene_that_drowns_the_others_is_named(self, size):
        vectors = VECTORS.astype(np.float64)
        vectors[7] *= size
        with pytest.raises(ValueError, match="here has numbers up to .* for gene7"):
            checked_embeddings(vectors, GENES, name="here")

    @pytest.mark.parametrize(
        ("vectors", "found"),
        [
            (VECTORS * 0, "zeros only"),
            (VECTORS * 0 + 3, "the same vector for all genes"),
            (1 + 1e-9 * VECTORS.astype(np.float64), "the same vector for all genes"),
            (VECTORS.astype(complex), "not numeric"),
            (VECTORS.astype(str), "not numeric"),
            (np.where(np.arange(30)[:, None] == 4, np.inf, VECTORS), "infinite values, such as for gene4"),
        ],
    )
    def test_what_tells_nothing_is_refused(self, vectors, found):
        with pytest.raises(ValueError, match=f"here .*{found}"):
            checked_embeddings(vectors, GENES, name="here")


class TestInteractions:
    def test_a_pair_that_is_both_is_named(self):
        twice = sparse.csr_matrix(([1.0, -1.0, 1.0], [4, 4, 5], [0, 2, *[3] * 29]), shape=(30, 30))
        with pytest.raises(ValueError, match="has both .* for 1 pairs.*gene0 -> gene4"):
            read_known_interactions(twice, GENES, key="known")

    def test_a_pair_that_is_listed_twice_counts_once(self):
        twice = sparse.csr_matrix(([1.0, 1.0, -1.0], [4, 4, 5], [0, 2, *[3] * 29]), shape=(30, 30))
        known = read_known_interactions(twice, GENES, key="known")
        assert known.source.tolist() == [0, 1]
        assert known.target.tolist() == [4, 5]
        assert known.is_edge.tolist() == [True, False]

    def test_masked_pairs_are_unobserved(self):
        labels = np.ma.masked_array(np.ones((30, 30)), mask=True)
        labels[2, 3], labels[2, 4] = 1, -1
        known = read_known_interactions(labels, GENES, key="known")
        assert known.target.tolist() == [3, 4]

    @pytest.mark.parametrize("kind", [str, complex])
    def test_what_is_no_number_is_refused(self, kind):
        with pytest.raises(ValueError, match="not numeric"):
            read_known_interactions(np.full((30, 30), "x" if kind is str else 2 + 1j), GENES, key="known")


class TestSigns:
    STRENGTH = pd.DataFrame([[0.0, 2.0, 1.0], [3.0, 0.0, 0.5]], ["a", "b"], ["a", "b", "c"])
    SIGN = np.array([[np.nan, np.nan, -1.0], [np.inf, np.nan, np.nan]])

    def test_a_sign_that_is_no_number_is_unknown(self):
        edges = edge_table(self.STRENGTH, self.SIGN, {}, top=None, min_weight=None, thresholds=Thresholds())
        assert edges["sign"].tolist() == [1, 0, -1, 0]
        assert edges["weight"].tolist() == [3.0, 2.0, -1.0, 0.5]

    def test_none_is_written(self):
        adata = AnnData(np.ones((2, 3)), var=pd.DataFrame(index=["a", "b", "c"]))
        write_matrices(adata, self.STRENGTH, self.SIGN, {}, key_added="net", made_by="here", provenance={})
        assert adata.varp["net_sign"].toarray().tolist() == [[0, 0, -1], [1, 0, 0], [0, 0, 0]]

    def test_a_correlation_that_is_no_number_has_none(self, recwarn):
        assert signs_beyond_noise(np.array([np.nan, 0.9, -0.9, 0.0]), 100).tolist() == [0, 1, -1, 0]
        assert known_signs(np.array([np.nan, -np.inf, -0.3, 2])).tolist() == [0, -1, -1, 1]
        assert not recwarn.list
