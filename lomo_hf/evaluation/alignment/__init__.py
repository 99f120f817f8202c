"""Alignment of carriers from hidden states: pairwise distance and the modality integration rate (paper, section 4)."""
