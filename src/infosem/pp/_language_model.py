"""Text encoder from the transformers library, loaded from a folder or the Hugging Face hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize


class LanguageModel:
    """Encoder of texts. The weights are loaded when they are first needed.

    Parameters
    ----------
    name
        Name on the hub, or a folder.
    revision
        Commit, tag or branch on the hub.
    pooling
        ``"mean"`` averages the last hidden states of all tokens. ``"cls"`` takes the last hidden state of the first.
    normalise
        Whether to scale vectors to unit length.
    max_length
        Maximum number of tokens read from a text. ``None`` is the maximum of the model.
    device
        Torch device, or ``"auto"``.
    progress
        Whether transformers shows progress bars while downloading and loading.
    """

    def __init__(
        self,
        name: str,
        *,
        revision: str | None,
        pooling: Literal["mean", "cls"],
        normalise: bool,
        max_length: int | None,
        device: str,
        progress: bool,
    ) -> None:
        from transformers import AutoConfig, AutoTokenizer
        from transformers.utils import cached_file

        self.name, self.pooling, self.normalise, self.progress = name, pooling, normalise, progress
        self.device = torch.device(
            torch.accelerator.current_accelerator(check_available=True) or "cpu" if device == "auto" else device
        )
        local = Path(name).is_dir()
        try:
            # pinning the commit keeps all files from the hub consistent if the branch moves meanwhile
            with _progress_bars(progress):
                commit = None if local else Path(cached_file(name, "config.json", revision=revision)).parent.name
                self._options = {"revision": commit, "local_files_only": local, "trust_remote_code": False}
                config = AutoConfig.from_pretrained(name, **self._options)
                self._tokenizer = AutoTokenizer.from_pretrained(name, **self._options)
        except OSError as error:
            raise OSError(
                f"The language model {name!r} is not a folder with a model, and could not be loaded from the hub. "
                "Without an internet connection, download it elsewhere and pass the folder, or use precomputed "
                f"vectors: infosem.pp.add_embeddings(adata, ...). ({error})"
            ) from error
        except ValueError as error:
            if "trust_remote_code" not in str(error):
                raise
            raise ValueError(
                f"The language model {name!r} needs custom code, which infosem does not run. If you trust it, "
                "embed the texts yourself and pass the vectors: infosem.pp.add_embeddings(adata, ...)."
            ) from error
        longest = min(self._tokenizer.model_max_length, getattr(config, "max_position_embeddings", 512))
        self.max_length = longest if max_length is None else min(max_length, longest)
        self.width: int | None = getattr(config, "hidden_size", None)
        self.revision = commit or _fingerprint(Path(name))

    @property
    def identity(self) -> str:
        """Everything that determines a vector, apart from the text."""
        return repr((self.revision, self.pooling, self.normalise, self.max_length))

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> Tensor:
        """Return the vectors of a batch of texts, float32 on the CPU."""
        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self.max_length, return_tensors="pt"
        ).to(self.device)
        states = self._network(**tokens).last_hidden_state
        if self.pooling == "cls":
            vectors = states[:, 0]
        else:
            mask = tokens["attention_mask"].unsqueeze(-1)
            vectors = (states * mask).sum(1) / mask.sum(1)
        return (normalize(vectors) if self.normalise else vectors).float().cpu()

    @cached_property
    def _network(self) -> Any:
        from transformers import AutoModel

        with _progress_bars(self.progress):
            return AutoModel.from_pretrained(self.name, **self._options).eval().to(self.device)


@contextmanager
def _progress_bars(shown: bool) -> Iterator[None]:
    """Disable the progress bars of transformers unless ``shown``, and restore them afterwards."""
    from transformers.utils import logging

    if shown or not logging.is_progress_bar_enabled():
        yield
        return
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()


def _fingerprint(folder: Path) -> str:
    """Return a checksum of a model in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".bin", ".json", ".model", ".safetensors", ".txt"}:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
