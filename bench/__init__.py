"""Benchmarks: one module for each number that the project holds itself to (see ``README.md``)."""
