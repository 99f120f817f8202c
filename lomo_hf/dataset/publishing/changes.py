"""What differs between two releases, config by config, as the section of the card that says so."""

from collections.abc import Iterator, Mapping

from lomo_hf.dataset.contents import Contents

__all__ = ["changes_section"]

_NOT_COMPARED = ("name", "description", "engines")


def changes_section(previous: str, before: Contents, after: Contents) -> str:
    """A section of Markdown: what was added, removed and changed since the release `previous`."""
    names = [*after.configs, *(name for name in before.configs if name not in after.configs)]
    lines = [f"- `{name}`: {_config(name, before, after)}." for name in names]
    engines = list(dict.fromkeys(line for name in names for line in _engines(name, before, after)))
    if engines:
        lines.append(f"- Versions: {'; '.join(engines)}.")
    return "\n".join([f"## Changes since {previous}", "", *lines])


def _config(name: str, before: Contents, after: Contents) -> str:
    if name not in before.configs:
        return f"added, {after.rows(name)} rows"
    if name not in after.configs:
        return f"removed, {before.rows(name)} rows before"
    changes = [*_recipe(before.recipe(name), after.recipe(name)), *_source(name, before, after)]
    changes += [
        f"{what} {old} -> {new}"
        for what, old, new in (
            ("rows", before.rows(name), after.rows(name)),
            ("rewritten", before.counts(name).rewritten, after.counts(name).rewritten),
        )
        if old != new
    ]
    same = _digests(name, before) == _digests(name, after)
    if same:
        changes.append("same files" if changes else "unchanged")
    return "; ".join(changes) if changes else "other bytes, from the same recipe and source"


def _recipe(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    old, new = dict(_flat(before)), dict(_flat(after))
    for key in dict.fromkeys([*new, *old]):
        if old.get(key) != new.get(key):
            yield f"{key} {_say(old.get(key))} -> {_say(new.get(key))}"


def _source(name: str, before: Contents, after: Contents) -> Iterator[str]:
    old, new = before.source(name), after.source(name)
    for key in ("repo", "revision", "config", "digest"):
        if old.get(key) != new.get(key):
            yield f"source {key} {_say(old.get(key))} -> {_say(new.get(key))}"


def _engines(name: str, before: Contents, after: Contents) -> Iterator[str]:
    if name in before.configs and name in after.configs:
        old, new = before.recipe(name).get("engines") or {}, after.recipe(name).get("engines") or {}
        for engine in dict.fromkeys([*new, *old]):
            if old.get(engine) != new.get(engine):
                yield f"{engine} {_say(old.get(engine))} -> {_say(new.get(engine))}"


def _digests(name: str, contents: Contents) -> list[str]:
    return [record.sha256 for record in contents.files_of(name).values()]


def _flat(nested: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Leaves by dotted name; deep enough for a recipe, whose parts do not nest further."""
    for key, value in nested.items():
        if not prefix and key in _NOT_COMPARED:
            continue
        if isinstance(value, Mapping) and value and prefix.count(".") < 4:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _say(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, str) and len(value) >= 32:
        return f"`{value[:12]}`"
    return f"{value:g}" if isinstance(value, float) else str(value)
