"""`firn code tree --format lines` prints for every file of a mixed corpus exactly what a walker on
tree-sitter's own cursor prints, and `firn code verify` finds nothing to say.

    FIRN=… FIRN_TOOLS=… FIRN_SOURCE=… test_walker.py
"""

import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import corpus

FIRN = os.environ["FIRN"]
WALKER = os.path.join(os.environ["FIRN_TOOLS"], "walker")
SOURCE = os.environ["FIRN_SOURCE"]
SEED = int(os.environ.get("FIRN_SEED", "1"))
LEAST_WHOLE = 300
LEAST_BROKEN = 30


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def first_difference(left, right):
    left, right = left.split(b"\n"), right.split(b"\n")
    for number, (a, b) in enumerate(zip(left, right), 1):
        if a != b:
            return f"line {number}: {a!r} instead of {b!r}"
    return f"{len(left)} lines instead of {len(right)}"


def compare(folder, store, path, language):
    """What is wrong with a file, or None."""
    ours = run(FIRN, "code", "tree", path, "--store", store, "--format", "lines")
    theirs = run(WALKER, "--language", language, os.path.join(folder, path))
    if theirs.returncode != 0:
        return f"the walker failed: {theirs.stderr.decode()}"
    if ours.returncode != 0:
        return f"firn failed: {ours.stderr.decode()}"
    if ours.stdout != theirs.stdout:
        return first_difference(ours.stdout, theirs.stdout)
    return None


def check_corpus(files):
    counts = collections.Counter(language for _, language, whole in files if whole)
    print("files:", ", ".join(f"{language} {count}" for language, count in sorted(counts.items())))
    whole = sum(counts.values())
    print(f"{whole} whole, {len(files) - whole} broken or odd, seed {SEED}")
    assert whole >= LEAST_WHOLE and len(files) - whole >= LEAST_BROKEN
    assert len(counts) == 11 and min(counts.values()) >= 10, counts


def check_index(folder, store, files):
    index = run(FIRN, "code", "index", folder, "--store", store, "--json")
    assert index.returncode == 0, index.stderr.decode()
    report = json.loads(index.stdout)
    assert not report["skipped"], report["skipped"]
    assert report["files"] == len(files), report


def main():
    with tempfile.TemporaryDirectory() as top:
        folder, store = os.path.join(top, "corpus"), os.path.join(top, "store")
        files = list(corpus.lay_out(folder, SOURCE, SEED))
        check_corpus(files)
        check_index(folder, store, files)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = list(pool.map(lambda file: compare(folder, store, file[0], file[1]), files))
        failed = [(file[0], what) for file, what in zip(files, wrong) if what is not None]
        for path, what in failed:
            print(f"{path}: {what}")
        verify = run(FIRN, "code", "verify", "--store", store, "--json")
        print(f"{len(files) - len(failed)} passed, {len(failed)} failed")
        assert verify.returncode == 0, verify.stdout.decode() + verify.stderr.decode()
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
