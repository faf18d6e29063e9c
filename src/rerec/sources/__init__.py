"""Floor 4: one file for each place that data comes from."""
