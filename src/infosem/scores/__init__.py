"""What makes the score of an edge."""
