"""Keeping secret values out of every sink: pure functions of bytes."""
