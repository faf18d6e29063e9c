"""What an answer is worth: format, ranking and alignment with both graphs, as pure functions."""
