"""What all tests share: no network, no user's cache, and rows of real prompts."""

import os

from hypothesis import settings

# Read at import time by the clients, so set before any of them is imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

# A run of the suite says something about the change before it, so its examples are the same each time; new ones are
# hunted for by `--hypothesis-profile=explore`.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile("same")
