"""A search as one HTML page: what is read of it, what is shown, and how the file is put together."""
