"""`lomo check`: what would break loading, or the Hub's viewer."""
