"""The page of `lomo demo` as a Space; rows are made in child processes, which import this file too."""

from lomo_hf.demo import launch

if __name__ == "__main__":
    launch(host="0.0.0.0", port=7860)
