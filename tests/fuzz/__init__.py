"""Sends what nobody should: to every format, and to a gateway over bare connections: `make fuzz`."""
