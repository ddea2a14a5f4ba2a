"""Programs, processes, kernel locks, files and clocks: everything that touches the operating system except git."""
