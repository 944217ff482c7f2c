"""Kafka: source, sink, producer, topics, and a broker in memory for trying out."""
