"""Templates, recipes and scaffolds: every text that a person reads, and every file that starts a project."""
