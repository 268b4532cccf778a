"""Sessions of a language server: made over the files of a tree by chance, kept as lines of JSON, played to a server one
request after another, as an editor's user asks, with the time that each takes."""

import json
import pathlib
import random
import re
import statistics
import time

from lsp import Client, Failure, address

# Of a hundred requests; what follows an edit is counted as a documentSymbol.
MIX = {"hover": 25, "definition": 20, "documentHighlight": 20, "documentSymbol": 8, "references": 8, "symbol": 4,
       "foldingRange": 5, "selectionRange": 5, "declaration": 3, "edit": 2}
OPEN_MAX = 8


def read_text(path):
    """As an editor would send it: bytes that are no UTF-8 become what one of them counts as."""
    return pathlib.Path(path).read_bytes().decode(errors="replace")


def record(root, suffixes, requests, seed, folder):
    """Makes a session of so many requests; gives the path of its record."""
    chance = random.Random(seed)
    files = sorted(path for path in pathlib.Path(root).rglob("*") if path.suffix in suffixes and path.is_file())
    path = pathlib.Path(folder) / "session.jsonl"
    with open(path, "w", encoding="utf-8") as out:
        write = lambda **message: out.write(json.dumps(message) + "\n")  # noqa: E731
        opened, made = [], 0
        while made < requests:
            file = chance.choice(files)
            text = read_text(file)
            names = [(row, len(line[:match.start()].encode("utf-16-le")) // 2, match.group())
                     for row, line in enumerate(text.split("\n"))
                     for match in re.finditer(r"\b[A-Za-z_]\w{2,}", line)]
            if not names or str(file) in opened:
                continue
            write(open=str(file))
            opened.append(str(file))
            for _ in range(min(40, requests - made)):
                line, character, name = chance.choice(names)
                method = chance.choices(list(MIX), list(MIX.values()))[0]
                write(method=method, path=str(file), line=line, character=character + 1, name=name)
                made += 1
            if len(opened) > OPEN_MAX:
                write(close=opened.pop(0))
    return path


def params_of(step):
    document = {"textDocument": {"uri": address(step["path"])}}
    position = {"line": step["line"], "character": step["character"]}
    method = step["method"]
    if method == "symbol":
        return "workspace/symbol", {"query": step["name"][:6]}
    if method in ("documentSymbol", "foldingRange"):
        return "textDocument/" + method, document
    if method == "selectionRange":
        return "textDocument/" + method, {**document, "positions": [position]}
    if method == "references":
        document["context"] = {"includeDeclaration": True}
    return "textDocument/" + method, {**document, "position": position}


class Played:
    def __init__(self):
        self.times = {}  # by method, seconds
        self.answered = {}  # answers that are not empty
        self.failed = {}  # errors
        self.pss_bytes = self.peak_bytes = 0
        self.seconds = 0.0

    def table(self):
        lines = [f"{'method':<20}{'requests':>9}{'answered':>9}{'errors':>7}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}"]
        for method, times in sorted(self.times.items()):
            times = sorted(times)
            name = method.split("/")[1] if method.startswith("textDocument") else method
            lines.append(f"{name:<20}{len(times):>9}{self.answered.get(method, 0):>9}{self.failed.get(method, 0):>7}"
                         f"{statistics.median(times) * 1e3:>9.2f}{times[int(len(times) * 0.99)] * 1e3:>9.2f}"
                         f"{times[-1] * 1e3:>9.2f}")
        lines.append(f"PSS at the end {self.pss_bytes / 1e6:.1f} MB, the most seen {self.peak_bytes / 1e6:.1f} MB; "
                     f"{self.seconds:.0f} s in all")
        return "\n".join(lines)


def play(session, root, program=None, words=(), timeout=30, budget_seconds=3600, **options):
    """Plays a session; a request that takes longer than timeout counts as failed, and ends it."""
    played = Played()
    client = Client(*words, program=program, stderr=None)
    client.initialize(root, **options)
    started = time.perf_counter()
    try:
        with open(session, encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                step = json.loads(line)
                if "open" in step:
                    client.open(step["open"], read_text(step["open"]), "c")
                elif "close" in step:
                    client.close(step["close"])
                else:
                    ask(client, step, played, timeout)
                if number % 200 == 0:
                    played.peak_bytes = max(played.peak_bytes, client.pss_bytes())
                if time.perf_counter() - started > budget_seconds:
                    break
        played.pss_bytes = client.pss_bytes()
        played.peak_bytes = max(played.peak_bytes, played.pss_bytes)
    finally:
        played.seconds = time.perf_counter() - started
        client.process.kill()
        client.leave()
    return played


def ask(client, step, played, timeout):
    if step["method"] == "edit":
        client.change(step["path"], (0, 0, 0, 0, "/* ü */\n"))
        client.change(step["path"], (0, 0, 1, 0, ""))
        step = {**step, "method": "documentSymbol"}
    method, params = params_of(step)
    client.notifications.clear()
    before = time.perf_counter()
    try:
        result = client.answer(client.ask(method, **params), timeout)
        if result:
            played.answered[method] = played.answered.get(method, 0) + 1
    except Failure:
        played.failed[method] = played.failed.get(method, 0) + 1
    played.times.setdefault(method, []).append(time.perf_counter() - before)
