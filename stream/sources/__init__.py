"""Where media comes from: one contract, one module a kind of source."""
