"""The assistant over HTTP: an API, and a page that needs nothing else."""
