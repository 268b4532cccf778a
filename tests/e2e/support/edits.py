"""Random edits of a tree of sources: bytes inserted, deleted and replaced, also so that nothing parses any more;
files added, removed, renamed, moved to other folders, and put back."""

import os


class Editor:
    def __init__(self, tree, chance):
        self.tree = tree
        self.chance = chance
        self.removed = []  # (path, content)
        self.count = 0

    def files(self):
        return sorted(path for path in self.tree.rglob("*") if path.is_file())

    def apply(self, count):
        """Makes that many edits, some of them to the same files."""
        files = self.files()
        for _ in range(count):
            self.count += 1
            kind = self.chance.random()
            if len(files) < 3 or kind < 0.02:
                files.append(self.add(files))
            elif kind < 0.04:
                path = files.pop(self.chance.randrange(len(files)))
                self.removed.append((path, path.read_bytes()))
                path.unlink()
            elif kind < 0.05:
                at = self.chance.randrange(len(files))
                files[at] = self.rename(files[at])
            elif kind < 0.06 and self.removed:
                path, content = self.removed.pop(self.chance.randrange(len(self.removed)))
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    files.append(path)
                path.write_bytes(content)
            elif kind < 0.07:
                os.utime(self.chance.choice(files))
            else:
                self.edit(self.chance.choice(files))

    def fresh(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        while path.exists():
            path = path.with_name(f"n{self.chance.randrange(10 ** 9)}{path.suffix}")
        return path

    def add(self, files):
        like = self.chance.choice(files)
        path = self.fresh(like.with_name(f"n{self.count}{like.suffix}"))
        content = like.read_bytes()
        path.write_bytes(content[:self.chance.randrange(len(content) + 1)])
        return path

    def rename(self, path):
        folder = self.chance.choice([path.parent, self.tree, self.tree / "moved" / f"d{self.chance.randrange(5)}"])
        to = self.fresh(folder / f"r{self.count}{path.suffix}")
        path.rename(to)
        return to

    def edit(self, path):
        content = path.read_bytes()
        at = self.chance.randrange(len(content) + 1)
        end = min(len(content), at + self.chance.choice([0, 0, 1, 3, 20, 200]))
        words = [b"", b"\n", b"{", b"}", b"(", b'"', b"/*", b"int x%d;\n" % self.count, b"x%d" % self.count, b"\xff",
                 b"#if\n", b"void f%d(void) { g%d(); }\n" % (self.count, self.count // 7),
                 content[at // 2:at // 2 + self.chance.randrange(300)]]
        path.write_bytes(content[:at] + self.chance.choice(words) + content[end:])
