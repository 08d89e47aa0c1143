"""Several models of the same cells, and how far they agree."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from tqdm.auto import tqdm

from infosem import _keys
from infosem._edges import edge_table, write_matrices
from infosem._model import InfoSEM
from infosem._parallel import in_parallel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, repr=False)
class Ensemble:
    r"""Networks of several models of the same cells, edge by edge; made by :func:`infosem.train_ensemble`.

    With :math:`A^{(1)}, \ldots, A^{(m)}` the adjacencies of the models. All are regulators x genes, ``(R, G)``.

    Attributes
    ----------
    effect
        Mean effect :math:`\overline{A_{ij}}`.
    strength
        Mean absolute effect :math:`\overline{|A_{ij}|}`, the score that ranks the edges.
    sd
        Standard deviation of :math:`A_{ij}` over the models.
    sign_agreement
        Share of the models in which :math:`A_{ij}` has the sign of its mean, from about one half to one.
    stability
        Selection frequency: share of the models in which the edge is among the ``n_selected`` strongest.
    probability
        Mean edge probability, with known interactions only.
    n_models
        Number of models :math:`m`.
    n_selected
        Number of edges that a model selects.
    """

    effect: pd.DataFrame
    strength: pd.DataFrame
    sd: pd.DataFrame
    sign_agreement: pd.DataFrame
    stability: pd.DataFrame
    probability: pd.DataFrame | None
    n_models: int
    n_selected: int
    _sign: np.ndarray
    _provenance: Mapping[str, Any]

    def __repr__(self) -> str:
        n_regulators, n_genes = self.effect.shape
        return f"Ensemble: {self.n_models} models, {n_regulators} regulators, {n_genes} genes"

    def get_adjacency(self) -> pd.DataFrame:
        """Mean effect of the models, ``(R, G)``, as :meth:`infosem.InfoSEM.get_adjacency` of one."""
        return self.effect

    def get_edges(
        self, *, top: int | None = None, min_weight: float | None = None, min_stability: float = 0.0
    ) -> pd.DataFrame:
        """The edges of the network, strongest first.

        Parameters
        ----------
        top
            Keep this many edges.
        min_weight
            Keep edges with at least this mean absolute effect.
        min_stability
            Keep edges that at least this share of the models selects.

        Returns
        -------
        Columns as of :meth:`infosem.InfoSEM.get_edges`, then ``effect``, ``sd``, ``sign_agreement`` and ``stability``.
        ``weight`` is the mean absolute effect times the sign of the genes' correlation.
        """
        if not isinstance(min_stability, (int, float)) or not 0 <= min_stability <= 1:
            raise ValueError(f"min_stability={min_stability!r} must be a share of the models, from 0 to 1.")
        more = {
            "effect": self.effect,
            "sd": self.sd,
            "sign_agreement": self.sign_agreement,
            "stability": self.stability,
        }
        if self.probability is not None:
            more["probability"] = self.probability
        strength = self.strength.where(self.stability >= min_stability, 0.0)
        return edge_table(strength, self._sign, more, top=top, min_weight=min_weight)

    def write_network(self, adata: AnnData, *, key_added: str = _keys.NETWORK) -> None:
        """Write the network into AnnData, as :meth:`infosem.InfoSEM.write_network` does.

        ``varp[key_added]`` gets the mean effect, ``varp[key_added + "_sd"]``, ``"_sign_agreement"``, ``"_stability"``
        and, with known interactions, ``"_probability"`` the rest.

        Parameters
        ----------
        adata
            Where to write. It must have the models' genes, in any order.
        key_added
            Key of the network.
        """
        matrices = {key_added: self.effect}
        for part in ("sd", "sign_agreement", "stability", "probability"):
            matrix = getattr(self, part)
            if matrix is not None:
                matrices[_keys.part_key(key_added, part)] = matrix
        provenance = {**self._provenance, "n_models": self.n_models, "n_selected": self.n_selected}
        write_matrices(adata, matrices, key_added=key_added, provenance=provenance)


def train_ensemble(
    adata: AnnData,
    n_models: int = 10,
    *,
    n_jobs: int | None = None,
    n_selected: int | None = None,
    seed: int = 0,
    model_kwargs: Mapping[str, Any] | None = None,
    train_kwargs: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Ensemble:
    """Train several models that differ in their seed, and put their networks together.

    The published numbers of DeepSEM average |A| over ten such runs. Models run in parallel through joblib: inside
    ``joblib.parallel_config("dask")`` or ``("ray")`` they spread over a cluster. Interrupting it (Ctrl-C) keeps the
    models that are finished.

    Parameters
    ----------
    adata
        AnnData registered with :meth:`infosem.InfoSEM.setup_anndata`.
    n_models
        Number of models.
    n_jobs
        Processes, no more than there are models; by default what ``joblib.parallel_config`` says, else one.
    n_selected
        Number of edges that a model selects, for the stability; by default one in twenty of the possible pairs.
    seed
        The models have the seeds ``seed``, ``seed + 1``, ...
    model_kwargs
        Arguments of :class:`infosem.InfoSEM`.
    train_kwargs
        Arguments of :meth:`infosem.InfoSEM.train`. With ``train_size`` below one each model sees cells of its own,
        which is stability selection (Meinshausen and Buehlmann 2010).
    progress
        Whether to show a progress bar.

    Returns
    -------
    The models' networks, edge by edge.

    Raises
    ------
    ValueError
        If ``adata`` is not registered, or an argument is not as it must be.

    Examples
    --------
    >>> infosem.InfoSEM.setup_anndata(adata)
    >>> ensemble = infosem.train_ensemble(adata, n_models=10, n_jobs=-1)
    >>> ensemble.get_edges(top=100, min_stability=0.9)
    """
    if not isinstance(n_models, int) or n_models < 2:
        raise ValueError(
            f"n_models={n_models!r} must be a whole number, at least two; one model is trained with "
            "InfoSEM(adata).train()."
        )
    if n_jobs is not None and (not isinstance(n_jobs, int) or n_jobs == 0):
        raise ValueError(f"n_jobs={n_jobs!r} must be a whole number of processes; -1 is one for each core.")
    model_kwargs, train_kwargs = dict(model_kwargs or {}), dict(train_kwargs or {})
    if "seed" in model_kwargs:
        raise ValueError(f"Pass seed={model_kwargs['seed']!r} to train_ensemble: each model gets its own.")
    first = InfoSEM(adata, seed=seed, **model_kwargs)
    n_pairs = first.module.effect_prior.n_pairs
    n_selected = max(1, n_pairs // 20) if n_selected is None else n_selected
    if not 1 <= n_selected <= n_pairs:
        raise ValueError(f"n_selected={n_selected} must be between 1 and the {n_pairs} pairs that can be edges.")

    options = {"enable_progress_bar": False, "enable_model_summary": False, **train_kwargs}
    setup = first.registry_["setup_args"]
    train = partial(_train_one, _Cells(adata, setup), setup, model_kwargs, options)
    n_jobs = n_jobs if n_jobs is None else min(n_jobs, n_models)
    results = in_parallel(train, range(seed, seed + n_models), n_jobs, in_order=True)
    sums = _Sums.empty((len(first.regulator_names), len(first.gene_names)))
    try:
        for weights, probability in tqdm(results, total=n_models, desc="models", disable=not progress):
            sums.add(weights, probability, n_selected)
    except KeyboardInterrupt:
        if sums.n < 2:
            raise
        logger.warning("Interrupted after %d of %d models, which are kept.", sums.n, n_models)

    def frame(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, index=first.regulator_names, columns=first.gene_names)

    return Ensemble(
        **{name: None if values is None else frame(values) for name, values in sums.summary()},
        n_models=sums.n,
        n_selected=n_selected,
        _sign=first.module.signs.cpu().numpy(),
        _provenance=first._provenance(),
    )


class _Cells:
    """What a model uses of ``adata``, sharing its arrays, so that setting it up elsewhere leaves ``adata`` alone.

    Expression in an h5ad file stays there: another process opens the file anew.
    """

    def __init__(self, adata: AnnData, setup: Mapping[str, Any]) -> None:
        layer, embedding, interactions = (setup[key] for key in ("layer", "embedding_key", "interactions_key"))
        self.path = adata.filename if adata.isbacked and layer is None else None
        self.X = adata.X if layer is None else None
        self.rest = AnnData(
            obs=adata.obs[[]],
            var=adata.var,
            layers=None if layer is None else {layer: adata.layers[layer]},
            varm=None if embedding is None else {embedding: adata.varm[embedding]},
            varp=None if interactions is None else {interactions: adata.varp[interactions]},
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "X": self.X if self.path is None else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.path is not None:
            self.X = anndata.read_h5ad(self.path, backed="r").X

    def as_anndata(self) -> AnnData:
        rest = self.rest
        parts = {name: dict(getattr(rest, name)) for name in ("layers", "varm", "varp")}
        return AnnData(self.X, obs=rest.obs, var=rest.var, **parts)


def _train_one(
    cells: _Cells, setup: Mapping[str, Any], model_kwargs: dict[str, Any], train_kwargs: dict[str, Any], seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Adjacency and edge probabilities of one model, here or in another process."""
    logging.getLogger("infosem").setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    adata = cells.as_anndata()
    InfoSEM.setup_anndata(adata, **setup)
    model = InfoSEM(adata, seed=seed, **model_kwargs)
    model.train(**train_kwargs)
    if model.trainer.interrupted:
        # the model keeps what it has learned; here that would pass for a finished one
        raise KeyboardInterrupt
    probability = model.get_probabilities()
    return model.get_adjacency().to_numpy(), None if probability is None else probability.to_numpy()


@dataclass
class _Sums:
    """Sums over the models, one at a time, so that memory does not grow with their number."""

    n: int
    mean: np.ndarray
    squares: np.ndarray
    absolute: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    selected: np.ndarray
    probability: np.ndarray | None

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> _Sums:
        mean, squares, absolute, positive, negative, selected = np.zeros((6, *shape), dtype=np.float32)
        return cls(0, mean, squares, absolute, positive, negative, selected, None)

    def add(self, weights: np.ndarray, probability: np.ndarray | None, n_selected: int) -> None:
        self.n += 1
        change = weights - self.mean
        self.mean += change / self.n
        self.squares += change * (weights - self.mean)
        strength = np.abs(weights)
        self.absolute += strength
        self.positive += weights > 0
        self.negative += weights < 0
        self.selected += (strength >= np.partition(strength, -n_selected, axis=None)[-n_selected]) & (strength > 0)
        if probability is not None:
            self.probability = probability + (0 if self.probability is None else self.probability)

    def summary(self) -> Iterator[tuple[str, np.ndarray | None]]:
        yield "effect", self.mean
        yield "strength", self.absolute / self.n
        yield "sd", np.sqrt(self.squares / (self.n - 1))
        yield "sign_agreement", np.where(self.mean < 0, self.negative, self.positive) / self.n
        yield "stability", self.selected / self.n
        yield "probability", None if self.probability is None else self.probability / self.n
