"""Take a network out of AnnData, and over to other packages and files."""

from infosem.get._files import write
from infosem.get._formats import to_decoupler, to_igraph, to_networkx, to_pyscenic
from infosem.get._network import network

__all__ = ["network", "to_decoupler", "to_igraph", "to_networkx", "to_pyscenic", "write"]
