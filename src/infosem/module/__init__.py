"""The variational auto-encoder, on tensors only."""
