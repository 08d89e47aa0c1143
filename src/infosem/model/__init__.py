"""The model: AnnData in, network out."""
