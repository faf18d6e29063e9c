"""Floor 6: requests made from the graphs, one file for each category, phrased by grammar."""
