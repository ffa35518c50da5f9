"""Every concept of the site as one short PyTorch file, by chapter."""
