"""`python -m statuswatch`, and the command `statuswatch`."""

import gc

gc.disable()  # while importing: nothing of that is ever freed. `main` enables it again.

import atexit  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from statuswatch import cli  # noqa: E402


def main() -> None:
    """Run the command line, and end the process at once: to free all objects one by one takes milliseconds."""
    try:
        cli.main()
    except SystemExit as end:
        if isinstance(end.code, int | None) and _is_finished():
            os._exit(end.code or 0)
        raise


def _is_finished() -> bool:
    """Do what is left to do at exit; return whether nothing is left to the interpreter, as an error of a stream is."""
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
