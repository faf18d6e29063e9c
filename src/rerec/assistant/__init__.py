"""The trained model as one object: a person asks in their own words, over the whole catalogue."""
