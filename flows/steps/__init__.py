"""The steps, one verb a file. Pure: no clock, environment, file, network or log."""
