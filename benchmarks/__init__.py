"""What the project costs, and whether it holds: figures and long trials, each by one command. Not part of the package.

    python -m benchmarks               CPU time a row by stage, memory, workers, lengths, ratios, peers
    python -m benchmarks.fuzz          many hostile prompts, each row checked
    python -m benchmarks.endurance     a large build that is killed on the way

All read the embedded sample unless `--corpus` names another.
"""
