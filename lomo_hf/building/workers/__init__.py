"""Worker processes on this machine: a pool of them, what each does, and rows isolated in a process of their own."""
