"""What has a closed form: how genes vary together, and what that tells of every pair."""
