"""Files: detection of their type, safe reading, and atomic writing."""
