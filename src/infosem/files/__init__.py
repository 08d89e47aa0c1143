"""Files: what they are, how they are read safely, and how they appear whole or not at all."""
