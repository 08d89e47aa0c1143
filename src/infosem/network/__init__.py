"""A network as a table of edges and as entries of AnnData."""
