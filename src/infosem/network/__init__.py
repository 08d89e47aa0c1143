"""Networks as edge tables and as entries of AnnData."""
