"""Takes a job through its phases: provision, run, harvest, decide; one job or many side by side."""
