"""Training: where it starts, its schedules, and what it costs."""
