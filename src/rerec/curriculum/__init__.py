"""Which queries come next: what is believed of each, and the order drawn from it."""
