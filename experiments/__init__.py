"""Experiments on models, beside the package: each is one command and one page of docs."""
