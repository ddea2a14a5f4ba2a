"""The pure core: ids, states, the manifest, limits and usage. No clock, no files, no environment."""
