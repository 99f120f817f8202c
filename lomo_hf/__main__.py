"""`python -m lomo_hf`: the command line, where the script `lomo` is not on the path."""

from lomo_hf.cli import main

if __name__ == "__main__":
    main()
