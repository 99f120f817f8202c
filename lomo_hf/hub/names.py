"""How a dataset on the Hub is named on a command line: `org/name`, `org/name@revision`, or a preset.

The preset `llava-ov15-text` is the paper's pool: the text-only configs of LLaVA-OneVision-1.5's instruction data, by
name. Naming the repository itself finds its text-only configs from their features instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lomo_hf.errors import UsageError

__all__ = ["LLAVA_OV15", "LLAVA_OV15_TEXT", "PRESETS", "HubName", "check_repo_id", "parse_hub_name"]

LLAVA_OV15: Final = "mvp-lab/LLaVA-OneVision-1.5-Instruct-Data"

LLAVA_OV15_TEXT: Final = (
    *("openmathinstruct", "orca_agentinstruct", "magpie_pro", "open_orca", "magpie_ultra", "ifeval_like", "orca_994k"),
    *("Evol-Instruct-GPT4-Turbo", "cn_k12", "mathinstruct_262k", "synthetic_math", "olympiads", "wizardlm", "mathqa"),
    *("code_feedback_66k", "synthetic_amc", "aops_forum", "gsm8k", "math", "amc_aime"),
)
"""The configs whose card declares `image` to be null, as of 2026; together 7.08 million rows."""


@dataclass(frozen=True)
class HubName:
    """A dataset on the Hub. Without `configs`, those that hold no media are found; `revision` defaults to the head."""

    repo: str
    revision: str | None = None
    configs: tuple[str, ...] | None = None


PRESETS: Final[Mapping[str, HubName]] = MappingProxyType(
    {"llava-ov15-text": HubName(LLAVA_OV15, None, LLAVA_OV15_TEXT)}
)

_NAME: Final = re.compile(
    r"(?P<explicit>hf://datasets/)?(?P<repo>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})"
    r"(?:@(?P<revision>[\w./-]{1,200}))?"
)
_FILE_ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".parquet", ".gz", ".csv", ".txt")


def parse_hub_name(text: str) -> HubName | None:
    """What a text names on the Hub; None where it can only be a path.

    >>> parse_hub_name("org/name@v1.0.0")
    HubName(repo='org/name', revision='v1.0.0', configs=None)
    >>> parse_hub_name("llava-ov15-text").repo
    'mvp-lab/LLaVA-OneVision-1.5-Instruct-Data'
    >>> parse_hub_name("./data/rows"), parse_hub_name("data/rows.jsonl")
    (None, None)
    """
    base, _, revision = text.partition("@")
    if base in PRESETS:
        preset = PRESETS[base]
        return HubName(preset.repo, revision or None, preset.configs)
    match = _NAME.fullmatch(text)
    if not match or (match["repo"].endswith(_FILE_ENDINGS) and not match["explicit"]):
        return None
    return HubName(match["repo"], match["revision"])


_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")


def check_repo_id(repo: str) -> str:
    """`repo`, if it is a dataset's name on the Hub.

    >>> check_repo_id("org/lomo-ov15")
    'org/lomo-ov15'
    >>> check_repo_id("lomo-ov15")
    Traceback (most recent call last):
    lomo_hf.errors.UsageError: repository must be org/name in letters, digits, '.', '_', '-'; found 'lomo-ov15'. ...
    """
    parts = repo.split("/")
    good = len(parts) == 2 and all(_PART.fullmatch(part) for part in parts)
    if not good or "--" in repo or ".." in repo or repo.endswith(".git"):
        raise UsageError(
            f"repository must be org/name in letters, digits, '.', '_', '-'; found {repo!r}. "
            "Write something like org/lomo-ov15."
        )
    return repo
