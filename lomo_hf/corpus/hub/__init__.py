"""Rows of datasets on the Hub: configs found, files planned at a pinned commit, Parquet read by ranges."""
