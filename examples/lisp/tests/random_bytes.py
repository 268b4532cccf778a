#!/usr/bin/env python3
"""Feeds firn-lisp with random bytes, tokens and damaged programs: it may refuse them, but not crash.

    random_bytes.py PROGRAM         FIRN_SEED gives the seed, FIRN_SECONDS how long it takes
"""

import os
import random
import subprocess
import sys
import tempfile
import time

TOKENS = """( ) ( ) ' ` , ,@ . #( #t " ; \\ 1 -2.5 1e999 x car cdr cons list define lambda set! if begin quote
    let let* letrec do cond case and or define-macro vector-set! apply eval try raise map write string
    string-append substring vector make-vector set-car! set-cdr! symbol->string string->symbol + * quotient
    gc fail-at iota append equal?""".split()


def some_text(rng, sources):
    kind = rng.randrange(3)
    if kind == 0:
        return bytes(rng.choice(b"()'`,.#\"\\; \n\x00\xff1aex+-") if rng.random() < 0.7 else
                     rng.randrange(256) for _ in range(rng.randrange(1, 300)))
    if kind == 1:
        return " ".join(rng.choice(TOKENS) for _ in range(rng.randrange(1, 120))).encode()
    text = bytearray(rng.choice(sources))
    begin = rng.randrange(len(text))
    text = text[begin:begin + rng.randrange(50, 3000)]
    for _ in range(rng.randrange(1, 20)):
        at = rng.randrange(len(text))
        word = rng.choice(TOKENS).encode()
        text[at:at + rng.randrange(0, 8)] = b" " + word + b" "
    return bytes(text)


def main(program):
    seed = int(os.environ.get("FIRN_SEED") or random.randrange(1 << 32))
    seconds = float(os.environ.get("FIRN_SECONDS") or 4)
    rng, here = random.Random(seed), os.path.dirname(os.path.abspath(__file__))
    sources = []
    for name in sorted(os.listdir(here)):
        if name.endswith(".lisp"):
            with open(os.path.join(here, name), "rb") as file:
                sources.append(file.read())
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        # One run takes many texts, each below a `try`, so that an error does not end it.
        texts = [some_text(rng, sources) for _ in range(20)]
        with tempfile.TemporaryDirectory() as folder:
            for i, text in enumerate(texts):
                with open(os.path.join(folder, str(i)), "wb") as file:
                    file.write(text)
            script = "".join(f'(try (lambda () (load "{i}")) (lambda (raised) raised))\n' for i in range(20))
            try:
                run = subprocess.run([program, "-m", "16"], input=script.encode(), capture_output=True,
                                     timeout=5, cwd=folder)
            except subprocess.TimeoutExpired:
                run = None  # an endless program is no fault of the reader's
        if run is not None and (run.returncode < 0 or run.returncode not in (0, 1) or
                                b"Sanitizer" in run.stderr or b"runtime error" in run.stderr):
            sys.stderr.write(run.stderr.decode(errors="replace"))
            sys.exit(f"seed {seed}, run {count}: status {run.returncode} by {texts}")
        count += 1
    print(f"seed {seed}: {count * 20} texts")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
