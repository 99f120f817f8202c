"""`python -m lomo_hf.cli`: the command line where no script is installed."""

from lomo_hf.cli import main

if __name__ == "__main__":
    main()
