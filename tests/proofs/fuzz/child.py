"""One platform under atheris, in a process of its own, since libFuzzer never gives one back: `python -m
tests.proofs.fuzz.child PLATFORM SECONDS FOLDER`. What is found is written down and the search goes on.
"""

import hashlib
import sys
import traceback
from pathlib import Path
from random import Random

import atheris

FEED = ["feedparser"] if sys.argv[1] == "rss" else []  # it makes a search five times as slow

with atheris.instrument_imports(include=["statuswatch", *FEED]):
    import feedparser  # noqa: F401 - else it is imported when it is first needed, and goes unseen

    from tests.proofs.fuzz.mutate import mutate
    from tests.proofs.fuzz.target import examine, pack, seeds, unpack

LARGEST = 32_768  # bytes of an input


def main() -> None:
    platform, seconds, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    corpus, findings = place / "corpus", place / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    for number, documents in enumerate(seeds(platform)):
        (corpus / f"seed-{number}").write_bytes(pack(platform, documents))
    smallest = {path.name: path.stat().st_size for path in findings.glob("*.input")}

    def target(data: bytes) -> None:
        try:
            examine(platform, unpack(platform, data))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            name = f"{_digest(error)}.input"
            if len(data) < smallest.get(name, sys.maxsize):
                smallest[name] = len(data)
                (findings / name).write_bytes(data)
                (findings / name).with_suffix(".txt").write_text(traceback.format_exc(), errors="replace")

    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        documents = mutate(unpack(platform, data), Random(seed), lambda it: atheris.Mutate(it, len(it) + 64))
        return pack(platform, documents)[:longest]

    options = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-len_control=0", "-timeout=60"]
    options += ["-rss_limit_mb=1024", "-print_final_stats=1", f"-artifact_prefix={findings}/"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target, custom_mutator=mutated)
    atheris.Fuzz()


def _digest(error: Exception) -> str:
    """Of the kind of error and the places in the code that it went through: one finding, however often it comes."""
    places = [f"{it.name}:{it.lineno}" for it in traceback.extract_tb(error.__traceback__)]
    return hashlib.sha256(" ".join([type(error).__name__, *places]).encode()).hexdigest()[:12]


if __name__ == "__main__":
    main()
