"""The log on SQL: the only place that speaks it."""
