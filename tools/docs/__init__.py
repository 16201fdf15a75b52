"""Documents generated from the tables of the code, and the check that they have not drifted."""
