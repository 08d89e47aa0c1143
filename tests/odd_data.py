"""Strategies of hypothesis for AnnData of any shape, type, sparsity and names, with priors of any kind."""

from __future__ import annotations

import warnings

import anndata
import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy import sparse

ODD_NAMES = st.sampled_from(
    [
        "nan",
        "NA",
        "None",
        "",
        " ",
        "a b",
        "$x$",
        "a_b^c",
        "\\alpha",
        "%s",
        "{x}",
        "a/b",
        "π",
        "日本",
        "😀",
        "a\nb",
        "1",
        "TF0",
    ]
)
TREATMENTS = {
    "as it is": lambda x: x,
    "counts": lambda x: np.floor(10 * x),
    "zeros and ones": lambda x: (x > 0.5).astype(float),
    "zeros": lambda x: np.zeros_like(x),
    "a constant gene": lambda x: np.where(np.arange(x.shape[1]) == 0, 1.0, x),
    "all but one constant": lambda x: np.where(np.arange(x.shape[1]) == 0, x, 2.0),
    "a gene seen once": lambda x: np.where((np.arange(x.shape[1]) == 0) & (np.arange(len(x)) > 0)[:, None], 0.0, x),
    "two equal genes": lambda x: np.concatenate([x[:, :1], x[:, :-1]], axis=1),
    "equal cells": lambda x: np.repeat(x[:1], len(x), axis=0),
    "negative": lambda x: x - 0.5,
    "NaN": lambda x: np.where(x == x.max(), np.nan, x),
    "infinite": lambda x: np.where(x == x.max(), np.inf, x),
    "huge": lambda x: x * 1e30,
    "tiny": lambda x: x * 1e-30,
}
CONTAINERS = {
    "array": lambda x: x,
    "Fortran": np.asfortranarray,
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "csr_array": sparse.csr_array,
    "csc_array": sparse.csc_array,
    "explicit zeros": lambda x: _with_explicit_zeros(sparse.csr_matrix(x)),
}


def _with_explicit_zeros(x):
    if x.nnz:
        x.data[0] = 0
    return x


@st.composite
def expression(draw):
    n_cells = draw(st.sampled_from([1, 2, 3, *range(4, 41)]))
    n_genes = draw(st.sampled_from([1, 2, 3, *range(4, 15)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    x = rng.gamma(2, 1, (n_cells, n_genes)) * (rng.random((n_cells, n_genes)) < draw(st.sampled_from([0.1, 0.6, 1.0])))
    x = TREATMENTS[draw(st.sampled_from(["as it is"] * 24 + sorted(TREATMENTS)))](x)
    dtype = draw(st.sampled_from(["float32"] * 6 + ["float64", "float16", "int64", "int8", "bool"]))
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
    container = draw(st.sampled_from(sorted(CONTAINERS)))
    return CONTAINERS["array" if dtype == "float16" else container](x)


def regulators(draw, n_genes):
    mask = np.array(draw(st.lists(st.booleans(), min_size=n_genes, max_size=n_genes)))
    mask[: draw(st.sampled_from([0, 2, 2, 3]))] = True
    return pd.array(mask).astype(draw(st.sampled_from(["bool"] * 8 + ["category", "float", "str", "boolean"])))


def embeddings(draw, rng, n_genes):
    vectors = rng.normal(size=(n_genes, draw(st.integers(1, 5))))
    kind = draw(
        st.sampled_from(["right"] * 8 + ["gaps", "gaps", "zero", "constant", "huge", "whole", "one huge", "inf"])
    )
    if kind == "gaps":
        vectors[rng.random(n_genes) < 0.6] = np.nan
    elif kind in ("zero", "constant", "huge"):
        vectors = {"zero": 0 * vectors, "constant": 0 * vectors + 1, "huge": vectors * 1e25}[kind]
    elif kind in ("one huge", "inf"):
        vectors[0] = 1e25 if kind == "one huge" else np.inf
    elif kind == "whole":
        vectors = np.round(10 * vectors).astype(int)
    return draw(st.sampled_from([np.asarray, np.asarray, np.float32, sparse.csr_matrix]))(vectors)


def interactions(draw, rng, n_genes):
    labels = rng.choice([0.0, 1.0, -1.0], (n_genes, n_genes), p=[0.7, 0.2, 0.1])
    kind = draw(
        st.sampled_from(["sparse"] * 8 + ["dense", "dense", "dense with zeros", "edges only", "twice", "weights"])
    )
    if kind.startswith("dense"):
        return labels if kind == "dense with zeros" else np.where(labels == 0, np.nan, labels)
    if kind == "edges only":
        return sparse.csr_matrix(labels == 1, dtype=np.int8)
    if kind == "twice":
        return sparse.csr_matrix(
            (np.array([1, -1]), np.array([0, 0]), np.r_[0, np.full(n_genes, 2)]), (n_genes, n_genes)
        )
    return sparse.csr_matrix(labels * (0.5 if kind == "weights" else 1))


@st.composite
def annotated(draw):
    x = draw(expression())
    n_cells, n_genes = x.shape
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    names = [f"g{i}" for i in range(n_genes)]
    for at, odd in enumerate(draw(st.lists(ODD_NAMES, max_size=min(3, n_genes), unique=draw(st.integers(0, 9)) > 0))):
        names[at] = odd
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata = anndata.AnnData(x)
        adata.var_names = names
    if draw(st.booleans()):
        adata.var["is_regulator"] = regulators(draw, n_genes)
    if draw(st.sampled_from([True, False, False])):
        adata.varm["gene_embedding"] = embeddings(draw, rng, n_genes)
    if draw(st.sampled_from([True, False, False])):
        adata.varp["known_interactions"] = interactions(draw, rng, n_genes)
    adata.obs["lot"] = rng.integers(0, draw(st.sampled_from([1, 2, 5, 1000])), n_cells)
    adata.obs["number"] = rng.normal(size=n_cells) * draw(st.sampled_from([0.0, 1.0, 1e9, np.inf]))
    adata.obs["kind"] = pd.Categorical(rng.choice(np.array(["a/b", "T", "T_sign", "nan", None], dtype=object), n_cells))
    return adata
