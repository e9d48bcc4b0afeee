"""Whether a log is what was written: by its chain, its replay, its heads and its keyframes."""
