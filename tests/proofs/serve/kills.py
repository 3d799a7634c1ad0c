"""Kills of a serving process: no ring that got 202 is lost."""

from __future__ import annotations

import threading
import time
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from tests.proofs.serve.serving import Serving, Vendors

if TYPE_CHECKING:
    from pathlib import Path

KEYS = tuple(f"page{number}" for number in range(40))


class Kill(NamedTuple):
    """One kill: the pages whose rings were accepted, and those that the inbox lacks."""

    accepted: int
    lost: tuple[str, ...]
    answered_later: bool  # the next process read every page that was in the inbox


def kill_while_rung(folder: Path, seed: int) -> Kill:
    """Ring from several clients, kill the process at some instant, and start it again."""
    folder.mkdir()
    rng = Random(seed)
    accepted: set[str] = set()
    with Vendors(KEYS) as vendors:
        with Serving(folder, vendors) as serving:
            serving.wait_until_ready()
            vendors.hang()  # nothing is read from here on, so that every ring stays in the inbox

            def ring(keys: tuple[str, ...]) -> None:
                accepted.update(key for key in keys if serving.ring(key) == 202)

            clients = [threading.Thread(target=ring, args=(KEYS[number::4],)) for number in range(4)]
            for client in clients:
                client.start()
            time.sleep(rng.uniform(0.0, 0.12))
            serving.kill()
            for client in clients:
                client.join()
        kept = set(serving.inbox.read_text().splitlines()) if serving.inbox.exists() else set()
        vendors.released.set()
    with Vendors(KEYS) as vendors, Serving(folder, vendors) as again:
        again.wait_until_ready()
        read = {path.split("/")[1] for path in vendors.paths()}
        taken_over = f"{len(kept & set(KEYS))} rings of the last process" in (folder / "stderr.txt").read_text()
    return Kill(len(accepted), tuple(sorted(accepted - kept)), kept <= read and (taken_over or not kept))
