"""The part of the report about other methods: a table, and in words what each did here beside its peers."""

from collections.abc import Mapping, Sequence

from experiments.carrier_gap.methods import METHODS
from experiments.carrier_gap.summary import ArmSummary, Difference, Summary

__all__ = ["methods_part", "number"]

_BESIDE = ("standard", "ratio50", "ratio100", "fulltext50")
_COLUMNS = (
    "arm", "runs", "text", "rendered", "distorted", "middle", "drop [95 %]", "d", "MIR", "homogenisation", "s a step",
    "MB",
)  # fmt: skip
# What each arm is to be compared with beside `standard`, and what is to be known of it on a bench of this size.
_NOTES: Mapping[str, tuple[str | None, str]] = {
    "full-text": (
        None,
        "the page stands before a prompt that says all of it, so the page can be passed over, as the paper finds",
    ),
    "mix": ("ratio100", "each row in both conditions; its no-text half is the rows of `ratio100`"),
    "curriculum": ("ratio100", "full-text first, then no-text while the learning rate falls, which halves its weight"),
    "standard+equation6": (
        "ratio50",
        "both sides of equation 6 in full, at the price of a second pass over the rewritten rows",
    ),
    "standard+alignment": (
        "fulltext50",
        "weight 1; here the answer is a few tokens, and a right answer under text is what the base begins with",
    ),
    "standard+alignment0.01": ("fulltext50", "the paper's weight, made for a loss of reinforcement learning"),
    "standard+attention": (None, "full attention within pages alone, after a base that was trained causally"),
    "standard+laver": (
        "standard+attention",
        "the pages of the multimodal half are all that is masked, 5 % of them at the end of a short training, on a "
        "frozen tower that already tells characters apart",
    ),
    "ratio50+laver": ("ratio50", "the same on rows of `ratio50`"),
    "standard+fresh": (None, "a new projector, so reading itself is to be learnt again from the multimodal half"),
    "standard+realign": (
        "standard+fresh",
        "stage 1 aligns statistics, but no encoder pair of this bench shares directions, on which its gain rests",
    ),
    "standard+noise": ("standard+fresh", "the same with noise as long as the gap"),
}


def methods_part(summary: Summary, pictures: Mapping[str, str]) -> list[str]:
    """Lines of the part; none where no method was run."""
    arms = [arm for arm in METHODS if arm in summary.arms]
    if not arms:
        return []
    same = summary.beside(METHODS)
    shown = [*(arm for arm in _BESIDE if arm in same.arms), *arms]
    lines = [
        "### Other methods on this bench",
        "",
        f"![Other methods: accuracy and drop](proof/{pictures['methods']})",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"| --- |{' ---: |' * 5} --- |{' ---: |' * 5}",
        *(_row(same.arms[arm]) for arm in shown),
        "",
        f"*{_bases(same)} for every row of this table, so rows of recipes differ from those above. Homogenisation: "
        "the mean cosine among a page's tokens after the last block. Seconds a step and megabytes: an arm's share of "
        "those trained side by side (`together` in the result file). On a GPU the largest group of a command is "
        "compiled and the others are not, so the seconds of `equation6`, `alignment`, `attention` and `laver` are an "
        "upper bound. – was not measured.*",
        "",
        *_fewer(same, arms),
        *(_sentence(same, arm) for arm in arms),
        "",
    ]
    absent = [arm for arm in METHODS if arm not in summary.arms]
    if absent:
        lines += [f"**Not run here:** {', '.join(f'`{arm}`' for arm in absent)}.", ""]
    return lines


def number(value: float | None, digits: int) -> str:
    """A figure, or a dash where it is missing.

    >>> number(1.25, 1), number(None, 1)
    ('1.2', '–')
    """
    return "–" if value is None else f"{value:.{digits}f}"


def _bases(summary: Summary) -> str:
    numbers = sorted({run["base"] for run in summary.runs})
    return f"Base{'s' if len(numbers) > 1 else ''} {' and '.join(map(str, numbers))}"


def _fewer(summary: Summary, arms: Sequence[str]) -> list[str]:
    most = max(summary.arms[arm].runs for arm in arms)
    few = [arm for arm in arms if summary.arms[arm].runs < most]
    named = ", ".join(f"`{arm}` ({summary.arms[arm].runs})" for arm in few)
    return [f"**Fewer runs than the others** ({most}), for want of time: {named}.", ""] if few else []


def _row(arm: ArmSummary) -> str:
    tests = " | ".join(number(arm.accuracy.get(test), 1) for test in ("text", "rendered", "distorted", "middle"))
    return (
        f"| `{arm.arm}` | {arm.runs} | {tests} | {arm.drop:.1f} [{arm.low:.1f}, {arm.high:.1f}] | "
        f"{number(arm.distance, 3)} | {number(arm.mir, 3)} | {number(arm.homogenisation, 3)} | "
        f"{number(arm.step_seconds, 3)} | {number(arm.megabytes, 0)} |"
    )


def _sentence(summary: Summary, arm: str) -> str:
    """One line on one method, its word taken from the interval."""
    beside, note = _NOTES[arm]
    parts = [
        f"{_word(difference)} than `{other}`, {difference[0]:+.1f} [{difference[1]:.1f}, {difference[2]:.1f}]"
        for other in ("standard", beside)
        if other and (difference := summary.difference(arm, other))
    ]
    return f"- `{arm}`: {'a drop ' + '; '.join(parts) if parts else 'nothing to compare with'}. ({note}.)"


def _word(difference: Difference) -> str:
    _, low, high = difference
    return "smaller" if high < 0 else "larger" if low > 0 else "no smaller and no larger beyond chance"
