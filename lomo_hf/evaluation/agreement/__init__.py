"""Is the same answer as likely when part of the question is a page? Equations 5 and 6 of the paper, row by row."""
