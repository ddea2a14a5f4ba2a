"""One module for each command, loaded when it is called: its flags, one use case, one view."""
