"""The kernel as a port: notifications in, from a monitor or from netlink."""
