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

__all__ = [
    "LLAVA_OV15",
    "LLAVA_OV15_TEXT",
    "PRESETS",
    "HubName",
    "check_repo_id",
    "parse_hub_name",
    "parse_repo",
]

LLAVA_OV15: Final = "mvp-lab/LLaVA-OneVision-1.5-Instruct-Data"

LLAVA_OV15_TEXT: Final = (
    *("openmathinstruct", "orca_agentinstruct", "magpie_pro", "open_orca", "magpie_ultra", "ifeval_like", "orca_994k"),
    *("Evol-Instruct-GPT4-Turbo", "cn_k12", "mathinstruct_262k", "synthetic_math", "olympiads", "wizardlm", "mathqa"),
    *("code_feedback_66k", "synthetic_amc", "aops_forum", "gsm8k", "math", "amc_aime"),
)
"""The configs whose card declares `image` to be null, as of 2026; together 7.08 million rows."""


@dataclass(frozen=True)
class HubName:
    """A dataset on the Hub.

    Attributes:
        repo: `org/name`.
        revision: A branch, tag or commit; None is the head.
        configs: The configs to read; None leaves it to their features: those that hold no media.
    """

    repo: str
    revision: str | None = None
    configs: tuple[str, ...] | None = None


PRESETS: Final[Mapping[str, HubName]] = MappingProxyType(
    {"llava-ov15-text": HubName(LLAVA_OV15, None, LLAVA_OV15_TEXT)}
)
"""Names that stand for a corpus: "llava-ov15-text" is the paper's pool."""


_PART: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
_REVISION: Final = re.compile(r"[\w./-]{1,255}")
_EXPLICIT: Final = "hf://datasets/"
_FILE_ENDINGS: Final = (".jsonl", ".ndjson", ".json", ".parquet", ".gz", ".csv", ".txt")


def parse_hub_name(text: str) -> HubName | None:
    """What a text names on the Hub as a corpus: a dataset, or a preset.

    Args:
        text: "org/name", "org/name@revision", either of them after "hf://datasets/", or a name of `PRESETS`.

    Returns:
        The name; None where the text can only be a path.

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
    if not text.startswith(_EXPLICIT) and base.endswith(_FILE_ENDINGS):
        return None
    return parse_repo(text.removeprefix(_EXPLICIT))


def parse_repo(text: str) -> HubName | None:
    """The repository that `org/name` or `org/name@revision` names; None where it is neither.

    >>> parse_repo("org/name@refs/convert/parquet").revision
    'refs/convert/parquet'
    >>> parse_repo("org/name@"), parse_repo("name"), parse_repo("../name")
    (None, None, None)
    """
    repo, at, revision = text.partition("@")
    if not _is_repo_id(repo) or (at and not _REVISION.fullmatch(revision)):
        return None
    return HubName(repo, revision or None)


def check_repo_id(repo: str) -> str:
    """`repo`, if it can be a dataset's name on the Hub.

    Args:
        repo: `org/name`.

    Returns:
        The same text.

    Raises:
        UsageError: It cannot.

    >>> check_repo_id("org/lomo-ov15")
    'org/lomo-ov15'
    >>> check_repo_id("lomo-ov15")
    Traceback (most recent call last):
    lomo_hf.errors.UsageError: repository must be org/name in letters, digits, '.', '_', '-'; found 'lomo-ov15'. ...
    """
    if not _is_repo_id(repo):
        raise UsageError(
            f"repository must be org/name in letters, digits, '.', '_', '-'; found {repo!r}. "
            "Write something like org/lomo-ov15."
        )
    return repo


def _is_repo_id(repo: str) -> bool:
    """As the Hub judges: two parts, no `--` or `..` in them, no `.git` at the end."""
    parts = repo.split("/")
    good = len(parts) == 2 and all(_PART.fullmatch(part) for part in parts)
    return good and "--" not in repo and ".." not in repo and not repo.endswith(".git")
