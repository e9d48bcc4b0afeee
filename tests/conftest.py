"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No test depends on speed: hypothesis neither times an example nor the making of one.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")
