"""Interface of methods, which take expression and training labels and return a score for each pair."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from anndata import AnnData

from infosem.benchmark._identity import content
from infosem.benchmark._typed import check_fields
from infosem.data._known_interactions import KnownInteractions


class Labels(KnownInteractions):
    """Training labels of a split: pairs of a regulator and a target gene, and whether they are edges.

    Attributes
    ----------
    source, target
        Positions of regulator and target among the genes, ``(n,)``.
    is_edge
        Whether the pair is an edge, ``(n,)``.
    """


class MissingInputError(LookupError):
    """The data lack an input of a method. Its job is recorded as not run, with this message as the reason."""


@dataclass(frozen=True, kw_only=True)
class Method(ABC):
    """Base class of network inference methods.

    Fields are hyper-parameters, which are checked against their annotations. Class attributes declare the inputs. To
    benchmark your own method, subclass this class and implement :meth:`score`. For an existing network, use
    :class:`~infosem.benchmark.methods.Precomputed`.

    Attributes
    ----------
    title
        Name in the results. By default the name of the class.
    uses_expression, uses_labels, uses_text
        Inputs of the method (Table 1 of the paper). A method without labels is run once per data set, all others once
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
        """Class and hyper-parameters with their full content, which identify a run."""
        values = ", ".join(f"{field.name}={content(getattr(self, field.name))}" for field in fields(self))
        return f"{type(self).__qualname__}({values})"

    @abstractmethod
    def score(self, adata: AnnData, regulators: np.ndarray, labels: Labels, *, seed: int) -> np.ndarray:
        """Fit the method and score all pairs of a regulator and a gene, higher for more likely edges.

        Parameters
        ----------
        adata
            Annotated data matrix, cells x genes, with log-normalised expression in ``X`` and gene annotation in ``var``
            and ``varm``. ``varp`` and ``uns`` are removed, so that the ground truth reaches a method only through
            ``labels``.
        regulators
            Indices of the regulators, ``(R,)``.
        labels
            Training labels, empty for a method without labels.
        seed
            Random seed.

        Returns
        -------
        Finite scores, ``(R, G)``, row = regulator in the order of ``regulators``, column = target. Scores of self-loops
        are ignored.

        Raises
        ------
        MissingInputError
            If the data lack an input of the method, such as an embedding.
        """
