"""Everything that times: `make bench`."""
