"""Golden rows: what every recipe makes of fixed prompts, stored, so that no change of ours passes unseen."""
