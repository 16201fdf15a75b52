"""HTTP: requests become typed questions for `conduct`, answers and errors become responses."""
