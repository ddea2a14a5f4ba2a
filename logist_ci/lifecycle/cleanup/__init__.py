"""Removing what jobs left behind, losing nothing: look, plan with a proof for each removal, carry out."""
