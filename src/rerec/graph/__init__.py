"""Floor 5: the item-attribute graph, the user-item graph and the embeddings learned on it."""
