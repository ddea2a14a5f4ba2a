"""What people read on a terminal: functions from values of the use cases to text."""
