"""Where every program but the daemon begins: which is it, what was asked, how did it end."""

from __future__ import annotations

import os
import sys

from cli import exit_codes, failure, print_request, quick
from cli.registry import CLASSIC
from daemon.errors import RequestFailed


def main(argv: list[str] | None = None) -> int:
    """Run one command, and return its exit code."""
    line = sys.argv if argv is None else argv
    name = os.path.basename(line[0])
    program, args = name if name in CLASSIC else "vx", line[1:]
    try:
        code = _run(program, args)
        sys.stdout.flush()
    except RequestFailed as error:
        return failure.show(error, program, args)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _drop_output()
        return exit_codes.DONE
    except OSError as error:
        _drop_output()
        return failure.show(_cannot_write(error), program, args)
    except Exception:  # noqa: BLE001 the one place that catches all: what comes here is our fault
        import traceback

        traceback.print_exc()
        return exit_codes.DAMAGED
    return code


def _drop_output() -> None:
    """Let what could not be written go: Python would try once more on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _cannot_write(error: OSError) -> RequestFailed:
    return RequestFailed(
        "V-5-1-9006",
        "The answer could not be written",
        cause=str(error),
        fix="if it was a change, it is done: see `vx log`",
        exit_code=exit_codes.DAMAGED,
    )


def _run(program: str, args: list[str]) -> int:
    if args[-1:] == ["--version"]:
        from daemon.version import VERSION

        print(f"{program} {VERSION}")
        return exit_codes.DONE
    asked = quick.parse(program, args)
    if asked is not None:
        print_request.run(asked)
        return exit_codes.DONE
    from cli import app

    return app.run(program, args)
