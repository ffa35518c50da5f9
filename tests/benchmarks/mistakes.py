"""What our tests say to the mistakes that well-known teaching code made.

    python -m tests.benchmarks.mistakes            prints
    python -m tests.benchmarks.mistakes --record   also writes docs/results

The page "Mistakes that ran" shows it, each mistake under the name of its section there.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from snippets.lab.record import RESULTS, Result, recipe
from snippets.transformer.feed_forward import gelu, gelu_tanh
from tests.snippets import properties, test_properties
from tests.snippets.text import test_logits
from tests.snippets.transformer import test_feed_forward

COMMAND = "python -m tests.benchmarks.mistakes"
MODELS = {
    "made-in-forward": "graykode/nlp-tutorial, BERT",
    "mask-inverted": "rasbt/LLMs-from-scratch#1062",
    "by-a-million": "d2l-ai/d2l-en#2423, valid length 0",
    "lambda-inside": "karpathy/minGPT, lambda",
    "never-set": "pbloem/former, attention type alt",
    "copied": "rasbt/LLMs-from-scratch#822, tie",
}
FUNCTIONS = {
    "other-gelu": partial(
        test_feed_forward.equals_pytorchs,
        gelu,
        test_feed_forward.TORCHS[gelu_tanh],
        torch.float32,
    ),
    "log-of-zero": partial(
        test_logits.assert_equals_pytorchs_loss, test_logits.takes_the_logarithm_of_0
    ),
}


def said(test: Callable[[], None]) -> str:
    """With which words a test refuses; numbers to three digits.

    Raises:
        RuntimeError: it does not.
    """
    try:
        test()
    except AssertionError as error:
        lines = str(error).splitlines()
    else:
        raise RuntimeError(f"{test} refuses nothing")
    # PyTorch's own comparison tells its numbers below the first line.
    told = [line for line in lines if "Expected" in line or "Greatest abs" in line]
    line = re.sub(r" at index \(.*?\)", "", (told or lines)[0]).rstrip(".")
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda n: f"{float(n[0]):.3g}", line)


def refusals() -> dict[str, list[dict[str, str]]]:
    """For each mistake the tests that find it, in their order, and what they say."""
    found = {}
    for name, listed in MODELS.items():
        case, expected = test_properties.MISTAKES[listed]
        tests = [getattr(properties, f"assert_{test}") for test in expected]
        found[name] = [partial(test, case) for test in tests]
    found |= {name: [test] for name, test in FUNCTIONS.items()}
    return {
        name: [{"test": test.func.__name__, "said": said(test)} for test in tests]
        for name, tests in found.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the result")
    options = parser.parse_args()
    data: dict[str, Any] = refusals()
    result = Result({"name": "mistakes", "recipe": recipe(COMMAND), "data": data})
    print(json.dumps(result.record, indent=1))
    if options.record:
        (path,) = result.write(RESULTS / "benchmarks")
        print(f"wrote {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
