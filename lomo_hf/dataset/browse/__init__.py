"""`lomo browse`: samples of a dataset on one self-contained HTML page."""
