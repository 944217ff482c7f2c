"""Loads Winnow with k6, then checks that everybody was told: `make load`."""
