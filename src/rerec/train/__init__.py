"""Floor 10: from a recipe to a fine-tuned policy. The only floor that knows TRL."""
