"""The embedded monitor: a process that plays the kernel for daemons on one machine.

`python -m daemon.kernel.monitor --dir DIR`. What it says on its socket is in `../MONITOR.md`.
"""
