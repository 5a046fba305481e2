"""A search in the forms that other tools read."""
