"""Search one platform with atheris: `python -m tests.proofs.fuzz.child PLATFORM SECONDS FOLDER`.

It is a process of its own, since libFuzzer never returns. A finding is written to the folder, and the search goes on.
"""

import hashlib
import sys
import traceback
from pathlib import Path
from random import Random

import atheris

FEED = ["feedparser"] if sys.argv[1] == "rss" else []  # instrumenting it makes a search five times as slow

with atheris.instrument_imports(include=["statuswatch", *FEED]):
    import feedparser  # noqa: F401 - else it is imported when first needed, uninstrumented

    from tests.proofs.fuzz.mutate import mutate
    from tests.proofs.fuzz.target import examine, pack, seeds, unpack

MAX_INPUT = 32_768  # bytes of an input


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
        except Exception as error:  # noqa: BLE001 - any exception is a finding
            name = f"{_digest(error)}.input"
            if len(data) < smallest.get(name, sys.maxsize):
                smallest[name] = len(data)
                (findings / name).write_bytes(data)
                (findings / name).with_suffix(".txt").write_text(traceback.format_exc(), errors="replace")

    def mutate_input(data: bytes, max_size: int, seed: int) -> bytes:
        documents = mutate(unpack(platform, data), Random(seed), lambda body: atheris.Mutate(body, len(body) + 64))
        return pack(platform, documents)[:max_size]

    options = [f"-max_total_time={seconds}", f"-max_len={MAX_INPUT}", "-len_control=0", "-timeout=60"]
    options += ["-rss_limit_mb=1024", "-print_final_stats=1", f"-artifact_prefix={findings}/"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target, custom_mutator=mutate_input)
    atheris.Fuzz()


def _digest(error: Exception) -> str:
    """Return a digest of the error's type and its path through the code: one finding, however often it comes."""
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return hashlib.sha256(" ".join([type(error).__name__, *places]).encode()).hexdigest()[:12]


if __name__ == "__main__":
    main()
