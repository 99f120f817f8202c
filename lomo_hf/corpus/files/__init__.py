"""Rows in files on this machine: JSON Lines, JSON and Parquet, planned in one pass and read by ranges."""
