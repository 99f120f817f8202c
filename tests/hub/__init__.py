"""A Hub on the loopback that unmodified clients talk to, and the tests of publishing to it."""
