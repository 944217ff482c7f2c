"""The only code that knows how Bytewax runs a step."""
