"""What a method is: expression and training labels in, a score for every pair out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._identity import content
from infosem.benchmark._typed import check_fields
from infosem.data._interactions import KnownInteractions


class Labels(KnownInteractions):
    """Training labels of a split: pairs of a regulator and a gene, and whether they are edges.

    Attributes
    ----------
    source, target
        Column of the regulator and of the target among the genes, ``(n,)``.
    is_edge
        Whether the pair is an edge, ``(n,)``.
    """


class MissingInputError(LookupError):
    """What a method reads is not in the data: its job is recorded as not run, with this as the reason."""


@dataclass(frozen=True, kw_only=True)
class Method(ABC):
    """A method of network inference. Its fields are its hyper-parameters, its class says what it reads.

    To benchmark a method of your own, subclass this and implement :meth:`score`; for a network that is already there,
    see :class:`~infosem.benchmark.methods.Precomputed`. Hyper-parameters are checked by their annotations.

    Attributes
    ----------
    title
        Name in the results; by default that of the class.
    uses_expression, uses_labels, uses_text
        What it reads (Table 1 of the paper). A method that reads no labels is run once per data set, all others once
        per split.
    """

    title: ClassVar[str] = ""
    uses_expression: ClassVar[bool] = False
    uses_labels: ClassVar[bool] = False
    uses_text: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_fields(self, owner=f"the method {self.title or type(self).__name__}")

    @property
    def identity(self) -> str:
        """The class and all hyper-parameters with all that they hold, by which two runs are the same run."""
        values = ", ".join(f"{field.name}={content(getattr(self, field.name))}" for field in fields(self))
        return f"{type(self).__qualname__}({values})"

    @abstractmethod
    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """Fit, and score all pairs of a regulator and a gene: the higher, the more likely an edge.

        Parameters
        ----------
        adata
            Cells x genes, log-normalised expression in ``X``, gene annotation in ``var`` and ``varm``. Without
            ``varp`` and ``uns``: no ground truth reaches a method but through ``labels``.
        regulators
            Indices of the genes that may regulate, ``(R,)``.
        labels
            Training labels; empty for a method that reads none.
        seed
            Of whatever is random.

        Returns
        -------
        Finite scores, ``(R, G)``, row = regulator in the order of ``regulators``, column = target. What it says about
        self-pairs is never read.

        Raises
        ------
        MissingInputError
            If the data lack what the method reads, such as an embedding.
        """
