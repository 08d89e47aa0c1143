"""Keys of AnnData: their validity, protection of existing entries, and notes on what the package wrote."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from anndata import AnnData

from infosem.data import _keys

_KIND = "kind"
NETWORK, EMBEDDING, REGULATORS, TEXT, INTERACTIONS = "network", "embedding", "regulators", "text", "known interactions"
SHIFT, ARROWS = "shift", "arrows"
"""Kinds of entries."""

_LONGEST = 200
"""Maximum length of a key in bytes: file systems allow 255, and the parts of a network append a suffix."""


def check_key(key: object, *, argument: str = "key_added") -> str:
    """Return the key if an AnnData file can hold it.

    Raises
    ------
    TypeError, ValueError
        If the key is not text, empty, or contains a slash, the group separator of HDF5 and zarr.
    """
    if not isinstance(key, str):
        raise TypeError(f"{argument}={key!r} must be text, the name of an entry of AnnData, not {type(key).__name__}.")
    reason = None
    if not key.strip():
        reason = "is empty"
    elif "/" in key:
        reason = "has a slash, which h5ad and zarr files take for a folder"
    elif "\\" in key:
        reason = "has a backslash, which zarr cannot hold"
    elif len(key.encode("utf-8", "replace")) > _LONGEST:
        reason = f"is longer than {_LONGEST} bytes, the limit for file names"
    elif not key.isprintable():
        reason = "has a character that cannot be printed"
    elif key.startswith((".", "__", "_scvi")) or key == "_index":
        reason = "begins like names that AnnData files and scvi-tools reserve"
    if reason is not None:
        raise ValueError(f"{argument}={key!r} {reason}. Choose another name.")
    return key


def file_key(network: str, name: str) -> str:
    """Return a unique, valid key for the network ``name`` of a family of networks.

    Characters that a key must not contain are percent-encoded: ``infosem:CD4/CD8`` becomes ``infosem:CD4%2FCD8``.
    """
    text = "".join(sign if sign.isprintable() and sign not in "/%\\" else _code(sign) for sign in name)
    # otherwise the key of "T_sign" would be that of the signs of "T"
    text = re.sub(f"_(?=(?:{'|'.join(_keys.PARTS)})$)", _code("_"), text)
    key = f"{network}:{text}"
    if len(key.encode()) <= _LONGEST:
        return key
    return f"{network}:{text[:40]}%{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _code(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))


def is_ours(adata: AnnData, key: str, kind: str) -> bool:
    """Return whether a note in ``uns`` says that the package wrote the entry under ``key``, and with this kind."""
    note = adata.uns.get(key)
    if not isinstance(note, Mapping):
        return False
    # networks of the first versions have a note of versions but no kind
    return note.get(_KIND) == kind or (kind == NETWORK and {"regulators", "versions"} <= set(note))


def require_place(
    adata: AnnData,
    attribute: str,
    key: object,
    kind: str,
    *,
    like: Callable[[Any], bool] = lambda value: False,
    argument: str = "key_added",
) -> str:
    """Return the key if ``adata.<attribute>[key]`` and its note in ``uns[key]`` can be written without data loss.

    Existing entries are overwritten only if the package wrote them with the same kind, or if they are ``like`` the new
    entry, such as a manual mask of regulators, and ``uns[key]`` is free.

    Raises
    ------
    TypeError, ValueError
        If the key is invalid, or would overwrite something else.
    """
    key = check_key(key, argument=argument)
    entries = getattr(adata, attribute)
    if is_ours(adata, key, kind):
        return key
    replaced = key in entries and not like(entries[key])
    if replaced or key in adata.uns:
        raise _would_be_lost([(attribute, key)] if replaced else [("uns", key)], argument)
    return key


def note(made_by: str, kind: str, **content: Any) -> dict[str, Any]:
    """Return the note for ``uns`` on which function made an entry and how, without ``None``, which h5ad cannot hold."""
    said = {name: value for name, value in content.items() if value is not None}
    return {"made_by": f"infosem.{made_by}", _KIND: kind, **said}


def require_network_place(adata: AnnData, key: object, parts: Iterable[str], *, argument: str = "key_added") -> str:
    """Return the key if a network with these parts can be written under it. Raises like :func:`require_place`."""
    key = check_key(key, argument=argument)
    for part in _keys.PARTS:
        other, whole = _keys.part_key(key, part), key.removesuffix(f"_{part}")
        if is_ours(adata, other, NETWORK):
            raise ValueError(
                f"{argument}={key!r}: there is a network {other!r}, which has the name of a part of this one. Choose "
                f"another {argument}."
            )
        if whole != key and is_ours(adata, whole, NETWORK):
            raise ValueError(
                f"{argument}={key!r} is the name of a part of the network {whole!r}. Choose another {argument}."
            )
    ours = is_ours(adata, key, NETWORK)
    written = set(adata.uns[key].get("parts", _keys.PARTS)) if ours else set()
    new = [_keys.part_key(key, part) for part in parts if part not in written]
    foreign = [("varp", name) for name in ([] if ours else [key]) + new if name in adata.varp]
    if not ours and key in adata.uns:
        foreign.append(("uns", key))
    if foreign:
        raise _would_be_lost(foreign, argument)
    return key


def _would_be_lost(places: Sequence[tuple[str, str]], argument: str) -> ValueError:
    there = ", ".join(f"adata.{attribute}[{key!r}]" for attribute, key in places)
    deleted = "; ".join(f"del adata.{attribute}[{key!r}]" for attribute, key in places)
    return ValueError(
        f"{there}: this would be overwritten, and uns has no note that infosem wrote it. Choose another {argument}, "
        f"or delete it first: {deleted}"
    )
