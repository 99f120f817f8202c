"""`python -m lomo_hf`, and where the scripts `lomo`, `lomo-hf` and `hf-lomo` begin.

Python loads the file that a command began in once more in every process that it spawns: in each worker of a build. So
this one loads nothing before it is asked to run.
"""

__all__ = ["main"]


def main() -> None:
    """Run the command line, as `lomo_hf.cli.main`."""
    from lomo_hf.cli import main as run

    run()


if __name__ == "__main__":
    main()
