"""`lomo push`: publish a dataset folder as a release on the Hub, or show what that would do."""

from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import DatasetFolder, console, literal

if TYPE_CHECKING:
    from lomo_hf.dataset import Plan, PushReport

__all__ = ["push"]

_ROWS_SHOWN = 40


def push(
    folder: DatasetFolder,
    repo: Annotated[str, typer.Argument(help="The dataset on the Hub, org/name; created if it does not exist.")],
    tag: Annotated[str, typer.Option(help="The release, vX.Y.Z. A tag is never moved.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    create_pr: Annotated[
        bool, typer.Option("--create-pr", help="Leave it as a pull request for review: no merge, no tag.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")] = False,
) -> None:
    """Publish a dataset folder: one commit, which is read back, then one tag. After a failure, run it again."""
    from lomo_hf.dataset import PushOptions
    from lomo_hf.dataset import push as publish

    screen = console()
    options = PushOptions(private=private, create_pr=create_pr, dry_run=dry_run)
    report = publish(
        folder, repo, tag, options, notify=lambda step: screen.print(f"[dim]{literal(step)}[/dim]", highlight=False)
    )
    if dry_run:
        _print_plan(report)
    else:
        _print_outcome(report)


def _print_plan(report: "PushReport") -> None:
    from rich.table import Table

    plan, screen = report.plan, console()
    operations = [("add", addition.path, addition.size) for addition in plan.additions]
    operations += [("delete", path, size) for path, size in plan.deletions.items()]
    operations += [("keep", path, size) for path, size in sorted(plan.kept.items())]
    table = Table(title=f"{report.repo} {report.tag}", title_justify="left", show_edge=False)
    for column in ("", "file"):
        table.add_column(column, no_wrap=True)
    table.add_column("bytes", justify="right")
    for kind, path, size in operations[:_ROWS_SHOWN]:
        table.add_row(kind, literal(path), f"{size:,}")
    screen.print(table)
    if len(operations) > _ROWS_SHOWN:
        screen.print(f"and {len(operations) - _ROWS_SHOWN} more files", highlight=False)
    sizes = {wanted: [size for kind, _, size in operations if kind == wanted] for wanted in ("add", "delete", "keep")}
    sums = "; ".join(f"{kind} {len(files)} files, {sum(files):,} bytes" for kind, files in sizes.items())
    base = "a new repository" if plan.base is None else f"commit {plan.base[:8]}"
    screen.print(f"\non {base}: {sums}", highlight=False)
    _print_card(report.plan, report.previous)
    screen.print("\nNothing was changed.", style="bold")


def _print_card(plan: "Plan", previous: str | None) -> None:
    screen = console()
    if plan.survivors:
        screen.print(f"configs that stay as they are: {', '.join(plan.survivors)}", highlight=False)
    if plan.changes:
        screen.print(f"\nThe card will say:\n{plan.changes}", highlight=False, markup=False)
    elif previous is None:
        screen.print("the card: a first release", highlight=False)


def _print_outcome(report: "PushReport") -> None:
    screen = console()
    loaded = report.read_back.configs if report.read_back else {}
    configs = list(loaded)
    for name in configs:
        screen.print(f"{name}: {loaded[name]:,} rows load", highlight=False)
    if report.pull_request is not None:
        screen.print(
            f"Pull request {report.pull_request} of {report.repo} is open for review. Load it with "
            f'revision="refs/pr/{report.pull_request}"; after merging, run the same command without --create-pr to '
            f"set {report.tag}.",
            highlight=False,
        )
    elif configs:
        call = f'load_dataset("{report.repo}", "{configs[0]}", revision="{report.tag}")'
        screen.print(f"Load it: {call}", style="bold", highlight=False)
