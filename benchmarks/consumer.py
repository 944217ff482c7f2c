"""The limit for the flow: a plain loop that consumes the topic and does orjson decode and encode of every alert."""

from __future__ import annotations

import sys
import time

import orjson
from confluent_kafka import Consumer, TopicPartition


def consume(bootstrap: str, topic: str, partitions: int, alerts: int) -> float:
    """Alerts a second, from the first record to the last."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-limit", "fetch.queue.backoff.ms": 10})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    seen, started = 0, 0.0
    while seen < alerts:
        for message in consumer.consume(500, 0) or consumer.consume(1, 0.1):
            started = started or time.monotonic()
            for line in (message.value() or b"").split(b"\n")[1:]:
                orjson.dumps(orjson.loads(line))
                seen += 1
    took = time.monotonic() - started
    consumer.close()
    return seen / took


if __name__ == "__main__":
    sys.stdout.write(f"{consume(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))}\n")
