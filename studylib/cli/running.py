"""Commands that run requests: the plan before, progress during, the table and failures after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studylib import project, runs
from studylib.cli import told
from studylib.cli.asking import found
from studylib.cli.live import LiveLines, PlainLines
from studylib.cli.shown import messages, results, say
from studylib.errors import StudyError

_EXAMPLES = "parameters/examples"


@dataclass(frozen=True)
class Options:
    """What the person asked for on the command line."""

    regions: tuple[str, ...] = ()
    plan_only: bool = False
    force: bool = False
    jobs: int | None = None
    timeout: float | None = None
    as_json: bool = False
    verbose: bool = False


def run(names: Sequence[str], options: Options) -> int:
    """Run requests; the exit code comes back."""
    plan = runs.make(found(names), regions=options.regions, force=options.force)
    if options.plan_only:
        if options.as_json:
            told.print_json(told.plan_as_json(plan))
        else:
            told.plan(results(), plan, verbose=options.verbose)
        return 0
    outcomes = _carried_out(plan, options)
    code = runs.exit_code(outcomes)
    _report(outcomes, options, code)
    return code


def demo(options: Options) -> int:
    """Run every example request; absent data is listed with how to get it, and does not fail."""
    folder = project.root() / _EXAMPLES
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise StudyError(f"Aucune demande d'exemple dans {folder}.")
    plan = runs.make(files, force=options.force)
    outcomes = _carried_out(plan, options)
    present = [outcome for outcome in outcomes if outcome.exit_code != 3]
    code = runs.exit_code(present)
    _report(outcomes, options, code)
    return code


def site() -> int:
    """Rebuild the site's index from what is published."""
    index = runs.rebuild()
    count = len([entry for entry in runs.entries() if not entry.superseded_by])
    say(results(), f"Site reconstruit ({count} rapports en vigueur) : {index.as_uri()}")
    return 0


def _carried_out(plan: runs.Plan, options: Options) -> tuple[runs.Outcome, ...]:
    console = messages()
    told.plan(console, plan, verbose=options.verbose)
    live = console.is_terminal and not options.as_json
    drawn = LiveLines(console, len(plan.items)) if live else PlainLines(console)
    with drawn as progress:
        return runs.carry_out(plan, jobs=options.jobs, timeout=options.timeout, progress=progress)


def _report(outcomes: Sequence[runs.Outcome], options: Options, code: int) -> None:
    if options.as_json:
        told.print_json(told.outcomes_as_json(outcomes, code))
        return
    console = results()
    told.outcomes(console, outcomes)
    told.problems(messages(), outcomes)
    index = runs.index()
    if index.is_file():
        say(console, f"Site : {index.as_uri()}")
