"""Draw networks. Functions take ``ax=``, return the Axes and do not call show."""

from infosem.pl._network import network

__all__ = ["network"]
