"""The command line: a thin face that turns flags into one use case and shows what it returns."""
