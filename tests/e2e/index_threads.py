#!/usr/bin/env python3
"""Firn's own sources, indexed by one thread and by four: the same content, and no difference found."""

import json
import os
import subprocess
import tempfile
import unittest

FIRN = os.environ["FIRN"]
SOURCE = os.environ["FIRN_SOURCE"]


def firn(*words):
    run = subprocess.run([FIRN, "code", *words, "--json"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    if run.returncode != 0 or run.stderr:
        raise AssertionError(run)
    return json.loads(run.stdout)


class Threads(unittest.TestCase):
    def test_any_number_of_threads_makes_the_same_store(self):
        with tempfile.TemporaryDirectory() as folder:
            seen = []
            for jobs in ("1", "4"):
                store = os.path.join(folder, jobs)
                index = firn("index", SOURCE, "--store", store, "--jobs", jobs,
                             "-x", "build/", "-x", "node_modules/")
                firn("verify", "--store", store)
                seen.append(([index[key] for key in ("files", "lines", "source_bytes", "nodes")],
                             firn("find", "firn_store_open", "--store", store),
                             firn("refs", "firn_store_open", "--store", store)))
            self.assertGreater(seen[0][0][0], 100)
            self.assertEqual(seen[0], seen[1])


if __name__ == "__main__":
    unittest.main()
