"""How long training takes, beside Hugging Face's Rust: 1 MB to 1,024 tokens.

    python tests/benchmarks/tokenization.py            prints
    python tests/benchmarks/tokenization.py --record   also writes docs/results

One thread each, the least processor time of ten turns; the plain recount runs once, for
it takes half a minute. The text is Python's own: the
topics of its manual, then its standard library's sources in order of name, cut at
1,000,000 bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

# Before the library starts its threads.
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "1"

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from snippets.lab.record import RESULTS, Result, code_hash, plain, recipe
from snippets.text import fast_bpe, tokenization

BYTES, VOCAB_SIZE, TIMES = 1_000_000, 1024, 10


def text() -> str:
    """1 MB that every Python of one version carries."""
    pieces = [topics[name] for name in sorted(topics)]
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        pieces.append(path.read_text(encoding="utf-8"))
    return "".join(pieces).encode()[:BYTES].decode(errors="ignore")


def library(text: str) -> Tokenizer:
    """The same by Hugging Face's tokenizers."""
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    theirs.train_from_iterator([text], trainer)
    return theirs


def seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def measure() -> dict[str, Any]:
    """Both trained on the text, compared merge for merge, id for id, and timed."""
    sample = text()
    ours, theirs = fast_bpe.train(sample, VOCAB_SIZE), library(sample)
    model = json.loads(theirs.to_str())["model"]
    merges = [(model["vocab"][a], model["vocab"][b]) for a, b in model["merges"]]
    ids = ours.encode(sample)
    turns = [
        (
            seconds(lambda: fast_bpe.train(sample, VOCAB_SIZE)),
            seconds(lambda: library(sample)),
        )
        for _ in range(TIMES)
    ]
    our_seconds, their_seconds = map(min, zip(*turns, strict=True))
    return {
        "bytes": len(sample.encode()),
        "sha256": hashlib.sha256(sample.encode()).hexdigest(),
        "vocab_size": len(ours.tokens),
        "merges": len(merges),
        "merges_differ": sum(a != b for a, b in zip(ours.merges, merges, strict=True)),
        "ids": len(ids),
        "ids_differ": sum(
            a != b for a, b in zip(ids, theirs.encode(sample).ids, strict=True)
        ),
        "our_seconds": our_seconds,
        "library_seconds": their_seconds,
        "recount_seconds": seconds(lambda: tokenization.train(sample, VOCAB_SIZE)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the result")
    options = parser.parse_args()
    data = plain(measure())
    how = recipe(
        "python tests/benchmarks/tokenization.py",
        clock="processor time, the least of several turns",
        turns=TIMES,
        tokenizers=version("tokenizers"),
        machine=f"{platform.system()} {platform.machine()}",
        code=code_hash(fast_bpe.__name__),
    )
    # The text is of this very release.
    how["python"] = platform.python_version()
    result = Result({"name": "tokenization", "recipe": how, "data": data})
    print(json.dumps(result.record, indent=1))
    if options.record:
        (path,) = result.write(RESULTS / "benchmarks")
        print(f"wrote {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
