"""`lomo push`: a release on the Hub in one commit and a tag, planned first, read back afterwards."""
