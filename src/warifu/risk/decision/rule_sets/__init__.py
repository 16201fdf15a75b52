"""Rule sets that come with the package: start here, copy, and write your own."""
