"""Priors of the adjacency, one to a file: settings, and the density that training and the ELBO use."""
