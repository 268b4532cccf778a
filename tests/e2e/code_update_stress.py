#!/usr/bin/env python3
"""The long form of code_update.py and code_update_faults.py: 10,000 random edits through many updates of a larger
tree, held against a fresh index now and then, and faults and kills at many more moments."""

import os
import sys
import unittest

os.environ.setdefault("FIRN_UPDATE_SAMPLES", "200")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from code_update import SOURCE, Updates  # noqa: E402
from code_update_faults import Faults  # noqa: E402, F401 its tests are run from here as well
from edits import Editor  # noqa: E402

EDITS = int(os.environ.get("FIRN_UPDATE_EDITS", 10000))
TREE = os.environ.get("FIRN_UPDATE_TREE")  # sources to edit a copy of; Firn's own when not given


class ManyEdits(Updates):
    def test_many_edits_through_many_updates(self):
        if TREE is None:
            self.lay_out("src", "include", "programs", "tests", "bench", "examples")
        else:
            self.copy(TREE)
        self.index()
        editor = Editor(self.tree, self.chance)
        updates = 0
        while editor.count < EDITS:
            editor.apply(min(EDITS - editor.count, self.chance.choice([1, 2, 5, 20, 100, 400])))
            self.update()
            updates += 1
            if updates % 40 == 0:
                self.verify()
        self.check()
        print(f"{editor.count} edits, {updates} updates", flush=True)


if __name__ == "__main__":
    unittest.main()
