"""tbench doctor: what this machine can do, and what is missing for which suite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from tbench.cli.options import store_option, suite_option
from tbench.plain import plain

if TYPE_CHECKING:
    from tbench.doctor.finding import Finding


@click.command()
@suite_option(None, "Only this one, an installed suite or a TOML file, and how to complete it.")
@store_option()
@click.option("--json", "as_json", is_flag=True, help="For programs: one object for each finding.")
def doctor(suite_name: str | None, store_path: str, as_json: bool) -> None:
    """What this machine can do: versions, cores, memory, devices, extras, caches; and which suites it can run.

    \b
    tbench doctor
    tbench doctor --suite ped      # what that suite lacks here, and how to get it
    tbench doctor --json

    Nothing is downloaded or changed. The exit code is 1 if something is broken: too old, damaged, or not to be loaded.
    What is merely not here, such as weights, is not.
    """
    from dataclasses import asdict

    from tbench.cli.terminal import counting
    from tbench.doctor import examine

    with counting() as tell:
        findings = [*examine(store_path, suite_name, tell)]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for line in _lines(findings, whole=suite_name is not None):
            click.echo(plain(line))
    if any(finding.state == "broken" for finding in findings):
        click.get_current_context().exit(1)


def _lines(findings: Iterable[Finding], *, whole: bool) -> Iterator[str]:
    """A heading for each part. Cures stand below what they cure; those of suites where one suite is asked for."""
    parts: dict[str, list[Finding]] = {}
    for finding in findings:
        parts.setdefault(finding.part, []).append(finding)
    for part, found in parts.items():
        yield part
        width = max(len(finding.name) for finding in found)
        for finding in found:
            mark = "BROKEN: " if finding.state == "broken" else ""
            yield f"  {finding.name:{width}}  {mark}{finding.told}{_cure(finding)}"
            if finding.part == "suites" and whole:
                yield from (f"    {line}" for line in finding.cures)
    if not whole and any(finding.cures for finding in parts.get("suites", ())):
        yield "what a suite lacks, and how to get it: tbench doctor --suite NAME"


def _cure(finding: Finding) -> str:
    if finding.part == "suites":
        return ""
    return "".join(f"; {cure}" for cure in finding.cures)
