"""Questions and their answers, as maps: one door for the daemon, its reader and offline use."""
