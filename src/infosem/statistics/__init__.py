"""Closed-form statistics of the covariation of genes, and the evidence that they give for each pair."""
