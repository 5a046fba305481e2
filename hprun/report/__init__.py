"""Showing a search: rows, tables, JSON, the live view."""
