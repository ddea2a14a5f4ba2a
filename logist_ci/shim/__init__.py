"""The small process that owns one run of a program: it enforces the limits and outlives the runner."""
