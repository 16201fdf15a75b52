"""The command line: the edge where files are read and the clock is looked at."""
