"""Rows in files on this machine: JSON, tables, packed or not, planned in one pass and read by ranges."""
