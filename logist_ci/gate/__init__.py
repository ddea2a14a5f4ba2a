"""The gate: deterministic rules on everything that a push would deliver. Pure functions of values."""
