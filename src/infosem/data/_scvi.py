"""Private names of scvi-tools that have no public counterpart, in one place; checked with versions 1.4.2 and 1.5.1."""

from scvi.data._constants import _SCVI_UUID_KEY as UUID_KEY
from scvi.data._utils import _check_if_view as check_if_view
from scvi.model._utils import parse_device_args

__all__ = ["UUID_KEY", "check_if_view", "parse_device_args"]
