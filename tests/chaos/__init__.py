"""Breaks everything around Winnow, then counts what became of each alert: `make chaos`."""
