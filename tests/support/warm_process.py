"""A process that has imported the command once, and forks for every run of it; `tests.support.warm_command` starts it.

It is single-threaded, and imports nothing of the tests. Its first argument is the number of a socket. One byte on it
asks for a run, and comes with four file descriptors: stdin, stdout, stderr, and a channel. On the channel come the
arguments of Python, the folder and the environment as JSON, and back goes the exit code.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path

# Commands import these on their way.
LIBRARIES = (
    "encodings.idna",
    "encodings.utf_8_sig",
    "filelock",
    "rich.box",
    "rich.console",
    "rich.padding",
    "rich.progress",
    "rich.table",
    "stamina",
    "typer._click.decorators",
)


def preload() -> None:
    """Import what commands import."""
    package = importlib.import_module("statuswatch")
    for module in pkgutil.walk_packages(package.__path__, "statuswatch."):
        if module.name != "statuswatch.__main__":
            importlib.import_module(module.name)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy all of it


def await_run(control: socket.socket) -> Callable[[], None]:
    """Fork for every run, and return the run in the forked process. End with the socket."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, 4)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            return supervise(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # supervisors that ended
                pass


def supervise(descriptors: list[int]) -> Callable[[], None]:
    """Fork once more. Return the run in the child; in the parent report its exit code as Popen states it, and end."""
    *streams, number = descriptors
    with socket.socket(fileno=number) as channel:
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            with contextlib.suppress(BrokenPipeError):
                channel.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        with channel.makefile("rb") as requests:
            request = json.load(requests)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    return program(*request["arguments"])


def program(flag: str, name: str, *arguments: str) -> Callable[[], None]:
    """Return what `python -m` or `python -c` runs, in a `__main__` of its own."""
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv[:] = [flag, *arguments]
    sys.path.insert(0, str(Path.cwd()) if flag == "-m" else "")
    if flag == "-m":
        return lambda: runpy._run_module_as_main(name)  # type: ignore[attr-defined]
    code = compile(name, "<string>", "exec")
    return lambda: exec(code, vars(main))  # noqa: S102


def exit_code(run: Callable[[], None]) -> int:
    """Run the program as the interpreter does it, and return its exit code."""
    try:
        run()
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)  # noqa: T201
        return 1
    except BaseException as error:  # noqa: BLE001 - the interpreter does it
        below = error.__traceback__
        for _ in range(2):  # without the frames of this module
            below = below and below.tb_next
        sys.excepthook(type(error), error.with_traceback(below), below)
        return 1
    return 0


def end(code: int) -> None:
    """End the process as the interpreter does it, but for freeing all objects: that would copy them first."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    this_module = sys.modules["__main__"]  # its names are in use when another one takes its place
    preload()
    end(exit_code(await_run(socket.socket(fileno=int(sys.argv[1])))))
