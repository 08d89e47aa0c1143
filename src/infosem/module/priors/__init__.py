"""Priors of the adjacency. Each file holds the settings of a prior and its density."""
