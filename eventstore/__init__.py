"""The configuration as a log of events; knows no cluster and no network."""
