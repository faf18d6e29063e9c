"""Floor 11: how good a policy is on a split, how sure we are, and a report to read it in."""
