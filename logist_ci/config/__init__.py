"""Settings: what a user can configure, where each value came from, and which commands were trusted."""
