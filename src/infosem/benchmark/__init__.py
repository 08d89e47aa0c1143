"""Compare methods of network inference on genes and interactions that they have not seen."""
