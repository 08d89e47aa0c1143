"""What AnnData holds: its keys, its fields and checks, the names of its genes, and its cells in minibatches."""
