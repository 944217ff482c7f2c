"""What all tests share."""

import signal

from hypothesis import HealthCheck, settings

# How fast the machine is says nothing about the code: a test that is slow beside others has not failed.
settings.register_profile("winnow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("winnow")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so all that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.support.kafka.plugin"]
