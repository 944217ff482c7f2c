"""Why there is no Kafka to test with."""


class UnavailableError(Exception):
    """This machine lacks what this way of running Kafka needs; the text says what."""


class BrokerError(Exception):
    """A broker did not start or stop as it should; the text has its last lines."""
