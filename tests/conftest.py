"""What all tests share."""

from hypothesis import HealthCheck, settings

# How fast the machine is says nothing about the code: a test that is slow beside others has not failed.
settings.register_profile("winnow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("winnow")

pytest_plugins = ["tests.support.kafka.plugin"]
