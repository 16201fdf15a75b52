"""The composition root: the only wing where files, networks and clocks are touched."""
