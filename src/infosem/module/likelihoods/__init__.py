"""Likelihoods of the expression, one per file."""
