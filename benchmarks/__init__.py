"""Measures Winnow beside the limits of the machine it runs on: `make bench`."""
