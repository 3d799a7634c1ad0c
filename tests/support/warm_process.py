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
import select
import signal
import socket
import ssl
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path

# Commands import these on their way.
LIBRARIES = (
    "anyio._backends._asyncio",
    "anyio.streams.tls",
    "certifi",
    "encodings.idna",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
    "filelock",
    "h11",
    "httpcore",
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
    importlib.import_module("statuswatch.cli").command_line()
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # OpenSSL prepares itself for its first one
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy all of it


def await_run(control: socket.socket) -> Callable[[], None]:
    """Fork for every run, and return the run in the forked process; report how each ended. End with the socket."""
    channels: dict[int, socket.socket] = {}  # of the runs that go on, by process
    ended, wakeup = socket.socketpair()
    for end_of_pair in (ended, wakeup):
        end_of_pair.settimeout(0)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([control, ended], [], [])
        if ended in ready:
            ended.recv(4096)
            report(channels)
        if control not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(control, 1, 4)
        if not request:
            os._exit(0)
        *streams, number = descriptors
        channel = socket.socket(fileno=number)
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (control, ended, wakeup, *channels.values()):
                other.close()
            return requested(channel, streams)
        channels[child] = channel
        for descriptor in streams:
            os.close(descriptor)


def report(channels: dict[int, socket.socket]) -> None:
    """Report the exit code of every run that ended, as Popen states it."""
    while channels:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with channels.pop(child) as channel, contextlib.suppress(BrokenPipeError):
            channel.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def requested(channel: socket.socket, streams: list[int]) -> Callable[[], None]:
    """Return the run that comes on the channel."""
    with channel, channel.makefile("rb") as requests:
        request = json.load(requests)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        reopen(number, name)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    return program(*request["arguments"])


def reopen(number: int, name: str) -> None:
    """Open a standard stream as the interpreter does it: one of a terminal or a pipe is not like one of a file."""
    old = getattr(sys, name)
    mode, buffering = ("r" if number == 0 else "w"), (1 if number == 2 else -1)
    new = open(number, mode, buffering, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
    setattr(sys, name, new)
    setattr(sys, f"__{name}__", new)


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
