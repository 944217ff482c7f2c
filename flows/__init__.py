"""The Bytewax side: what happens to an alert between Kafka and its targets."""
