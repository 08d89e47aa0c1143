"""Read a network from AnnData, and convert it for other packages or write it to files."""

from infosem.get._files import write
from infosem.get._formats import to_decoupler, to_igraph, to_networkx, to_pyscenic
from infosem.get._network import network

__all__ = ["network", "to_decoupler", "to_igraph", "to_networkx", "to_pyscenic", "write"]
