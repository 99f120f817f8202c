"""Rendered benchmarks: the same questions as text and as pages, a pair of configs in one dataset folder."""
