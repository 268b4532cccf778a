"""A mixed corpus laid out from what a Debian has after set-up: sources of all languages that
`firn code` reads, and broken ones made from them. The same files give the same corpus."""

import os
import random
import re

REAL_PER_LANGUAGE = 30
BROKEN_PER_LANGUAGE = 5
LARGEST_BYTES = 150_000


def walk(top):
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def with_suffix(*suffixes):
    return lambda path: path.endswith(suffixes)


def shell_script(path):
    if path.endswith(".sh"):
        return True
    with open(path, "rb") as file:
        return re.match(rb"#! ?/bin/(ba)?sh", file.read(16)) is not None


def header_without_suffix(path):
    return "." not in os.path.basename(path)


def places(source):
    """Language, suffix in the corpus, folders to look in, which of their files."""
    modules = os.path.join(source, "grammars/node_modules")
    extra = os.path.join(source, "tests/e2e/node_modules")
    python = sorted(path for path in os.listdir("/usr/lib") if path.startswith("python3."))[0]
    return [
        ("c", ".c", [modules, os.path.join(source, "src")], with_suffix(".c")),
        ("c", ".h", ["/usr/include"], with_suffix(".h")),
        ("cpp", ".hpp", ["/usr/include/c++"], header_without_suffix),
        ("cpp", ".cpp", [extra, modules], with_suffix(".cpp", ".cc")),
        ("python", ".py", ["/usr/lib/" + python], with_suffix(".py")),
        ("javascript", ".js", [modules, extra], with_suffix(".js")),
        ("typescript", ".ts", [extra], with_suffix(".ts")),
        ("tsx", ".tsx", [extra], with_suffix(".tsx")),
        ("go", ".go", ["/usr/share/gocode", "/usr/share/doc/git"], with_suffix(".go")),
        ("rust", ".rs", ["/usr/share/cargo/registry"], with_suffix(".rs")),
        ("java", ".java", [extra], with_suffix(".java")),
        ("json", ".json", [modules, extra], with_suffix(".json")),
        ("bash", ".sh", ["/usr/bin", "/usr/sbin", "/usr/share"], shell_script),
    ]


def candidates(folders, wanted):
    for folder in folders:
        for path in walk(folder):
            if 0 < os.path.getsize(path) <= LARGEST_BYTES and os.access(path, os.R_OK):
                if wanted(path):
                    yield path


def spread(paths, count):
    """count of them, evenly."""
    paths = list(paths)
    if len(paths) <= count:
        return paths
    return [paths[i * len(paths) // count] for i in range(count)]


def cut_in_token(text, chance):
    places_in_tokens = [match.start() + 1 for match in re.finditer(rb"\w\w", text)]
    return text[: chance.choice(places_in_tokens)] if places_in_tokens else text[:1]


def damage(text, chance):
    text = bytearray(text)
    for _ in range(max(3, len(text) // 500)):
        text[chance.randrange(len(text))] = chance.randrange(1, 256)
    return bytes(text)


def drop_lines(text, chance):
    lines = text.split(b"\n")
    return b"\n".join(line for line in lines if chance.random() > 0.1)


def scramble(text, chance):
    tokens = re.findall(rb"\w+|\s+|[^\w\s]", text)[:3000]
    for _ in range(len(tokens) // 20 + 1):
        i, j = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        tokens[i], tokens[j] = tokens[j], tokens[i]
    return b"".join(tokens)


WAYS_TO_BREAK = [cut_in_token, damage, drop_lines, scramble]


def odd_files(suffix):
    """What no real file looks like. A zero byte among the first 8 KiB would make it binary."""
    yield "empty" + suffix, b""
    yield "blank" + suffix, b" \n\t\n"
    yield "zero" + suffix, b"x = 1\n" * 2000 + b"\0y\0"
    yield "bytes" + suffix, bytes(range(1, 256)) * 4
    yield "marked" + suffix, b"\xef\xbb\xbfx = 1\r\ny = 2\r\n"
    yield "unended" + suffix, b"x"


def lay_out(folder, source, seed):
    """Fills folder; gives (path in it, language, whether it is whole) for each file."""
    chance = random.Random(seed)
    for language, suffix, folders, wanted in places(source):
        os.makedirs(os.path.join(folder, language), exist_ok=True)
        texts = []
        for number, path in enumerate(spread(candidates(folders, wanted), REAL_PER_LANGUAGE)):
            with open(path, "rb") as file:
                texts.append((f"{number:03}-{os.path.basename(path)}{suffix}", file.read()))
        files = [(name, text, True) for name, text in texts]
        for number, (name, text) in enumerate(spread(texts, BROKEN_PER_LANGUAGE)):
            broken = WAYS_TO_BREAK[number % len(WAYS_TO_BREAK)](text, chance)
            files.append(("broken-" + name, broken, False))
        files += [(name, text, False) for name, text in odd_files(suffix)]
        for name, text, whole in files:
            path = os.path.join(language, name)
            with open(os.path.join(folder, path), "wb") as file:
                file.write(text)
            yield path, language, whole
