"""Likelihoods of the expression, one to a file."""
