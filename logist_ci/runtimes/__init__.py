"""Where a job's programs are executed, and what that protects against."""
