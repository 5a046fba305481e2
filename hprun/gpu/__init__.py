"""The accelerators: what is there, what fits, how much at once is worth it."""
