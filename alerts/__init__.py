"""What moves through the house. Pure: no clock, file, network or environment; imports nothing of ours."""
