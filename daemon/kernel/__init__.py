"""What the daemon stands on: notifications about disks, from Linux or from the embedded monitor.

A kernel is a port (`port.KernelPort`). It reports what is true of the node's disks and decides
nothing; what a notification means for the configuration is the core's business (A2, A4).
"""
