"""The dataset card and what goes with it: text, statistics, plots, pictures, LLaMA-Factory's entry."""
