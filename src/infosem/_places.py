"""Keys of AnnData: which can be written, what is there already, and what the package notes of what it wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from anndata import AnnData

from infosem import _keys

_MADE_BY = "made_by"


def check_key(key: object, *, argument: str = "key_added") -> str:
    """The key, if a file of AnnData can hold it.

    Raises
    ------
    TypeError, ValueError
        If it is no text, empty, or has a slash, by which HDF5 and zarr part their groups.
    """
    if not isinstance(key, str):
        raise TypeError(f"{argument}={key!r} must be text, the name of an entry of AnnData, not {type(key).__name__}.")
    reason = None
    if not key.strip():
        reason = "is empty"
    elif "/" in key:
        reason = f"has a slash, which h5ad and zarr files take for a folder: {key.replace('/', '|')!r} for instance"
    elif not key.isprintable():
        reason = "has a character that cannot be printed"
    elif key.startswith((".", "__", "_scvi")) or key == "_index":
        reason = "begins as names do that files and scvi-tools keep for themselves"
    if reason is not None:
        raise ValueError(f"{argument}={key!r} {reason}. Choose another name.")
    return key


def file_key(network: str, name: str) -> str:
    """A key for the network ``name`` of a family of networks, one key for each name.

    What a key must not have is written by its code, as in an address: ``infosem:CD4/CD8`` is ``infosem:CD4%2FCD8``.
    """
    text = "".join(sign if sign.isprintable() and sign not in "/%" else _code(sign) for sign in name)
    # "T_sign" would be the signs of "T"
    parts = "|".join(_keys.PARTS)
    return f"{network}:{re.sub(f'_(?=(?:{parts})$)', _code('_'), text)}"


def _code(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))


def is_ours(adata: AnnData, key: str) -> bool:
    """Whether the package noted in ``uns`` that it wrote what is under ``key``."""
    note = adata.uns.get(key)
    return isinstance(note, Mapping) and str(note.get(_MADE_BY, "")).startswith("infosem.")


def require_place(
    adata: AnnData,
    attribute: str,
    key: object,
    *,
    default: str | None = None,
    like: Callable[[Any], bool] = lambda value: False,
    argument: str = "key_added",
) -> str:
    """The key, if ``adata.<attribute>[key]`` and the note in ``uns[key]`` can be written without a loss.

    That is if nothing is there, or what the package wrote. Under the package's own name, ``default``, what is ``like``
    the new entry gives way too, such as a mask of regulators that was made by hand.

    Raises
    ------
    TypeError, ValueError
        If the key cannot be written, or something else is there.
    """
    key = check_key(key, argument=argument)
    entries = getattr(adata, attribute)
    if is_ours(adata, key):
        return key
    replaced = key in entries and not (key == default and like(entries[key]))
    if replaced or key in adata.uns:
        where = f"adata.{attribute if replaced else 'uns'}[{key!r}]"
        raise ValueError(
            f"{where} is there and infosem did not write it: it would be lost. Choose another {argument}, or delete "
            f"it first: del {where}."
        )
    return key


def note(made_by: str, **content: Any) -> dict[str, Any]:
    """What ``uns`` says of an entry: who made it and how, without what is ``None``, which h5ad cannot hold."""
    return {_MADE_BY: f"infosem.{made_by}", **{name: value for name, value in content.items() if value is not None}}


def require_network_place(adata: AnnData, key: object, parts: Iterable[str], *, argument: str = "key_added") -> str:
    """The key, if a network with these parts can be written under it; raises as :func:`require_place`."""
    key = require_place(adata, "varp", key, argument=argument)
    for part in _keys.PARTS:
        other = _keys.part_key(key, part)
        if other in adata.uns and is_ours(adata, other):
            raise ValueError(
                f"{argument}={key!r}: there is a network {other!r}, which has the name of a part of this one. Choose "
                f"another {argument}."
            )
        whole = key.removesuffix(f"_{part}")
        if whole != key and is_ours(adata, whole):
            raise ValueError(
                f"{argument}={key!r} is the name of a part of the network {whole!r}. Choose another {argument}."
            )
        if part in parts and other in adata.varp and not is_ours(adata, key):
            raise ValueError(
                f"adata.varp[{other!r}] is there and infosem did not write it: it would be lost. Choose another "
                f"{argument}."
            )
    return key
