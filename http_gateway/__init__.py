"""HTTP in, Kafka out: a 2xx means the alert is in Kafka."""
