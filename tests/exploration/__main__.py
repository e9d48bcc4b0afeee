"""Exhaust the scopes: `python -m tests.exploration`, or those whose names hold a word."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from tests.exploration.scopes import SCOPES
from tests.exploration.search import Report, Search
from tests.exploration.state import Scope

HEAD = f"{'scope':<44} {'states':>9} {'steps':>10} {'depth':>5} {'cores':>6} {'time':>8}"


def main(word: str, workers: int) -> int:
    """Search scopes, and say what each came to."""
    scopes = [scope for scope in SCOPES if word in scope.name]
    print(HEAD)
    broken = 0
    with ProcessPoolExecutor(workers) as pool:
        for report in pool.map(searched, scopes):
            print(told(report), flush=True)
            broken += bool(report.violation)
    print(f"{len(scopes)} scopes, {broken} violations")
    return 1 if broken else 0


def searched(scope: Scope) -> Report:
    """What one scope comes to; in a process of its own."""
    return Search(scope).run()


def told(report: Report) -> str:
    """A report as a line, and the path to what is wrong."""
    line = (
        f"{report.scope:<44} {report.states:>9,} {report.transitions:>10,} {report.depth:>5} "
        f"{report.worked_out:>6,} {report.seconds:>6.1f} s"
    )
    if report.beyond:
        line += f"  {report.beyond:,} beyond its bounds"
    if not report.is_exhausted and not report.violation:
        line += "  not exhausted"
    if report.violation:
        line += "\n" + "\n".join(f"    {what}" for what in (*report.path, report.violation))
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "", int((sys.argv[2:] or ["1"])[0])))
