"""The use cases: create, run, decide, apply, clean up, recover; each a function of ready parts and a request."""
