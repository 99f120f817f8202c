"""Files on this machine: written whole or not at all, hashed, and counted against the memory there is."""
