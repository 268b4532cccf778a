#!/usr/bin/env python3
"""Checks what a formatter cannot: layers, banned calls, lengths, prose.

    tidy.py FOLDER      checks a source tree; exit status 1 when something is wrong

Each check is a function that is given a File and yields (line number, what is wrong). Lengths that
were above a limit when they were first seen stand in ratchet.txt and may only shrink.
"""

import os
import re
import shutil
import subprocess
import sys

LINE_MAX = 100
FUNCTION_MAX = 70
FILE_MAX = 800
HEAD_MAX = 25

# What a layer of src/ may include besides itself.
LAYERS = {
    "core": (),
    "alloc": ("core",),
    "pack": ("core", "alloc"),
    "map": ("core", "alloc", "pack"),
    "tree": ("core", "alloc", "pack"),
    "tier": ("core", "alloc", "pack", "map"),
    "region": ("core", "alloc", "pack", "tier"),
    "http": ("core", "alloc", "pack", "map", "tier"),
    "profile": ("core", "alloc"),
}

BANNED = "strcpy strcat sprintf vsprintf gets atoi atol atoll atof strtok alloca".split()
HEAP = "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf".split()
SYSTEM = """
    mmap munmap mremap mprotect madvise brk sbrk syscall ioctl open openat creat read write pread
    pwrite readv writev close fsync fdatasync rename renameat unlink unlinkat mkdir rmdir stat
    fstat lstat opendir readdir closedir flock fopen fclose fread fwrite fork execve kill
    clock_gettime gettimeofday time clock nanosleep usleep sleep getenv sysconf
""".split()
ADAPTERS = "include/firn/adapters/"  # each over a library that only its users have
FAULTS = "src/core/fault.c"  # ends the process when a test asks for it
NOISY = "printf fprintf vprintf vfprintf puts fputs putchar perror abort exit _exit".split()

# Written in two halves, so that this file is not found by its own checks.
UNFINISHED = ["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK", "not " "implemented", "un" "implemented"]
MACHINE = r"(?<![\w.])/(?:wo" r"rk|ro" r"ot|fa" r"rm)/|registry\.[a-z]+js|/home/[a-z]+/"

SKIPPED_FOLDERS = {".git", "build", "node_modules", "corpus", "__pycache__"}
C_FOLDERS = ("include/", "src/", "programs/", "tests/", "bench/", "examples/")


def blank(match):
    """The match with all but its line ends blanked."""
    return re.sub(r"[^\n]", " ", match.group(0))


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
        self.is_c = path.endswith((".c", ".h")) and path.startswith(C_FOLDERS)
        self.is_script = path.endswith((".sh", ".py")) or text.startswith("#!")
        if self.is_c:
            literal = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
            uncommented = re.sub(literal + r"|/\*.*?\*/|//[^\n]*", lambda m: m.group(0)
                                 if m.group(0)[0] in "\"'" else blank(m), text, flags=re.S)
            self.uncommented = uncommented
            self.code = re.sub(r"(?<!include )" + "(?:" + literal + ")", blank, uncommented)

    def layer(self):
        match = re.match(r"src/(\w+)/", self.path)
        return match.group(1) if match else None

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


def includes(file):
    """Yields (line number, "quoted" or "system", path)."""
    for number, line in enumerate(file.uncommented.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if match:
            yield number, "quoted" if match.group(1) == '"' else "system", match.group(2)


def calls(file, names):
    """Yields (line number, name) for each call of a function of that name."""
    pattern = r"(?<![\w.>])(" + "|".join(names) + r")\s*\("
    for match in re.finditer(pattern, file.code):
        before = file.code[:match.start()].rstrip(" ")
        if not re.search(r"[\w*]$", before) or re.search(r"\b(return|else|do|case)$", before):
            yield file.line_of(match.start()), match.group(1)


# --- the checks of one file ---

def layers_include_downwards(file):
    layer = file.layer()
    if not file.is_c or layer is None:
        return
    if layer not in LAYERS:
        yield 1, f"{layer} is no layer that tests/tidy/tidy.py knows"
        return
    for number, kind, path in includes(file):
        target = path.split("/")[0]
        if kind == "quoted" and target != layer and target not in LAYERS[layer]:
            yield number, f"{layer} may not include {path}"


def programs_use_public_headers(file):
    match = re.match(r"programs/(\w+)/|programs/", file.path)
    if not file.is_c or not match:
        return
    folder = match.group(1)
    for number, kind, path in includes(file):
        target = path.split("/")[0]
        if kind == "quoted" and (not os.path.dirname(path) or target in LAYERS):
            yield number, f"a program may include <firn/...> and its own folders, not {path}"
        elif kind == "quoted" and folder and target not in (folder, "common"):
            yield number, f"programs/{folder} may not include {path}"


def examples_use_public_headers(file):
    if not file.is_c or not file.path.startswith("examples/"):
        return
    for number, kind, path in includes(file):
        if kind == "quoted" and os.path.dirname(path):
            yield number, f"an example may include <firn/...> and what lies beside it, not {path}"


def public_headers_include_little(file):
    if not file.path.startswith("include/"):
        return
    for number, _, path in includes(file):
        if path not in ("stddef.h", "stdint.h", "stdbool.h") and not path.startswith("firn/") \
                and not file.path.startswith(ADAPTERS):
            yield number, f"a public header may not include {path}"


def no_banned_calls(file):
    if file.is_c:
        for number, name in calls(file, BANNED):
            yield number, f"{name} is banned"


def memory_comes_from_an_allocator(file):
    if file.is_c and (file.layer() not in (None, "core") or file.path.startswith("programs/")):
        for number, name in calls(file, HEAP):
            yield number, f"{name} outside src/core: use a firn_allocator"


def system_calls_stay_in_core(file):
    if file.is_c and file.layer() not in (None, "core"):
        for number, name in calls(file, SYSTEM):
            yield number, f"{name} outside src/core"


def the_library_is_silent(file):
    if file.is_c and file.layer() is not None and file.path != FAULTS:
        for number, name in calls(file, NOISY):
            yield number, f"{name}: the library neither prints nor ends the process"


def lines_are_short(file):
    limit = LINE_MAX if file.is_c else LINE_MAX + 20
    if not (file.is_c or file.is_script or file.path.endswith(("CMakeLists.txt", ".cmake"))):
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > limit:
            yield number, f"{len(line)} columns, at most {limit}"


def lines_are_clean(file):
    if not file.text.endswith("\n"):
        yield len(file.lines), "the last line has no end"
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if file.is_c and "\t" in line:
            yield number, "a tab"


def head_comment_says_what_it_is(file):
    if not file.is_c:
        return
    match = re.match(r"/\*.*?\*/", file.text, flags=re.S)
    if not match:
        yield 1, "the file does not begin with a comment that says what it does"
    elif match.group(0).count("\n") + 1 > HEAD_MAX:
        yield 1, f"a head comment of more than {HEAD_MAX} lines"


def nothing_is_unfinished(file):
    for number, line in enumerate(file.lines, 1):
        for word in UNFINISHED:
            if re.search(r"\b" + word + r"\b", line, flags=0 if word.isupper() else re.I):
                yield number, f"unfinished: {word}"


def no_path_of_one_machine(file):
    if file.path.endswith("package-lock.json") and "resolved" in file.text:
        yield 1, "the lock file names download addresses"
    for number, line in enumerate(file.lines, 1):
        if re.search(MACHINE, line):
            yield number, "a path of one machine or the host of a registry"


def scripts_can_be_parsed(file):
    if file.text.startswith("#!/bin/sh") or file.path.endswith(".sh"):
        run = subprocess.run(["sh", "-n"], input=file.text, capture_output=True, text=True)
        if run.returncode != 0:
            yield 1, run.stderr.strip()


FILE_CHECKS = [
    layers_include_downwards, programs_use_public_headers, examples_use_public_headers,
    public_headers_include_little,
    no_banned_calls, memory_comes_from_an_allocator, system_calls_stay_in_core,
    the_library_is_silent, lines_are_short, lines_are_clean, head_comment_says_what_it_is,
    nothing_is_unfinished, no_path_of_one_machine, scripts_can_be_parsed,
]


# --- the checks of the whole tree ---

def functions(file):
    """Yields (line number, name, length) of each function, its braces at the margin included."""
    begin = None
    for number, line in enumerate(file.code.split("\n"), 1):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            signature = " ".join(file.code.split("\n")[max(0, begin - 6):begin - 1])
            names = re.findall(r"(\w+)\s*\((?=[^()]*(?:\([^()]*\)[^()]*)*\)\s*$)", signature)
            yield begin, names[-1] if names else "?", number - begin + 1
            begin = None


def read_ratchet(files):
    """Lines `path length` or `path:function length`."""
    allowed = {}
    for file in files:
        if file.path == "tests/tidy/ratchet.txt":
            for line in file.lines:
                if line and not line.startswith("#"):
                    name, length = line.rsplit(" ", 1)
                    allowed[name] = int(length)
    return allowed


def lengths_stay_below_their_limits(files):
    allowed = read_ratchet(files)
    for file in files:
        if not file.is_c:
            continue
        measured = [(1, file.path, len(file.lines), FILE_MAX, "the file")]
        measured += [(number, f"{file.path}:{name}", length, FUNCTION_MAX, name)
                     for number, name, length in functions(file)]
        for number, key, length, limit, what in measured:
            most = allowed.pop(key, limit)
            if length > most:
                yield file.path, number, f"{what} has {length} lines, at most {most}"
            elif most > limit and length < most:
                yield file.path, number, f"{what} shrank: lower it in ratchet.txt to {length}"
    for key in allowed:
        yield "tests/tidy/ratchet.txt", 1, f"{key} is no longer there"


def rooms_do_not_call_in_a_circle(files):
    """A room is a .c file and its header."""
    rooms = {}
    for file in files:
        match = re.match(r"(?:src|programs)/(\w+/.+)\.[ch]$", file.path)
        if file.is_c and match:
            uses = {path[:-2] for _, kind, path in includes(file) if kind == "quoted"}
            rooms.setdefault(match.group(1), set()).update(uses - {match.group(1)})
    done, trail = set(), []

    def visit(room):
        if room in trail:
            yield f"src/{room}", 1, " -> ".join(trail[trail.index(room):] + [room]) + ": a circle"
        elif room not in done and room in rooms:
            trail.append(room)
            for other in sorted(rooms[room]):
                yield from visit(other)
            trail.pop()
            done.add(room)

    for room in sorted(rooms):
        yield from visit(room)


def firn_h_includes_every_public_header(files):
    public = {file.path[len("include/"):] for file in files
              if file.path.startswith("include/firn/") and not file.path.startswith(ADAPTERS)}
    for file in files:
        if file.path == "include/firn/firn.h":
            missing = public - {path for _, _, path in includes(file)} - {"firn/firn.h"}
            for path in sorted(missing):
                yield file.path, 1, f"{path} is not included"


def what_is_named_exists(files):
    """Pages under docs/ that a text names, and what a Markdown page links to."""
    paths = {file.path for file in files}
    folders = {os.path.dirname(path) for path in paths}
    for file in files:
        if file.path.startswith("tests/tidy/"):
            continue
        for match in re.finditer(r"\bdocs/[\w/-]+\.md\b", file.text):
            if match.group(0) not in paths:
                yield file.path, file.line_of(match.start()), f"{match.group(0)} does not exist"
        if not file.path.endswith(".md"):
            continue
        for match in re.finditer(r"\]\(([^)#:\s]+)[^):]*\)", file.text):
            base = os.path.dirname(file.path)
            target = os.path.normpath(os.path.join(base, match.group(1)))
            if target not in paths and target not in folders:
                yield file.path, file.line_of(match.start()), f"{match.group(1)} does not exist"


TREE_CHECKS = [
    lengths_stay_below_their_limits, rooms_do_not_call_in_a_circle,
    firn_h_includes_every_public_header, what_is_named_exists,
]


# --- running them ---

def check_files(files):
    """Yields (path, line number, name of the check, what is wrong)."""
    for check in FILE_CHECKS:
        for file in files:
            for number, what in check(file):
                yield file.path, number, check.__name__, what
    for check in TREE_CHECKS:
        for path, number, what in check(files):
            yield path, number, check.__name__, what


def read_tree(root):
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path) or name == ".git":
                continue
            with open(path, "rb") as stream:
                data = stream.read()
            if b"\0" not in data and data:
                text = data.decode("utf-8", errors="replace")
                files.append(File(os.path.relpath(path, root), text))
    return files


def check_format(root, files):
    """clang-format's own view, where it is installed."""
    paths = [file.path for file in files if file.is_c]
    if shutil.which("clang-format") and paths:
        seen = set()
        run = subprocess.run(["clang-format", "--style=file", "--dry-run", "-Werror", *paths],
                             cwd=root, capture_output=True, text=True)
        for line in run.stderr.split("\n"):
            match = re.match(r"([^:]+):(\d+):", line)
            if match and match.group(1) not in seen:
                seen.add(match.group(1))
                yield match.group(1), int(match.group(2)), "format", "run `make format`"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = sys.argv[1]
    files = read_tree(root)
    wrong = [*check_files(files), *check_format(root, files)]
    for path, number, check, what in wrong:
        print(f"{path}:{number}: {what} [{check}]")
    print(f"{len(files)} files, {len(wrong)} findings")
    sys.exit(1 if wrong or not files else 0)


if __name__ == "__main__":
    main()
