#!/usr/bin/env python3
"""`firn tabs`: commands and their answers, states and what survives them, bad input, hostile scripts, and what is left
when the host is killed."""

import contextlib
import http.server
import json
import os
import signal
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN  # noqa: E402
from tabs import Refused, Tabs, run_tests  # noqa: E402

STATEFUL = """<!doctype html><title>Of state</title><form><input id=field></form><button id=button>b</button>
<p id=out>0</p><script>
let count = 0;
const map = new Map([["a", { deep: [1, 2, 3] }]]);
function* numbers() { let n = 10; for (;;) yield n++; }
const counter = (() => { let hidden = 5; return () => ++hidden; })(), generator = numbers();
let settle, settled = "pending", ticks = 0;
new Promise(resolve => settle = resolve).then(value => settled = value);
class Secret { #inner = 40; next() { return ++this.#inner; } }
const secret = new Secret();
document.getElementById("button").addEventListener("click", () => out.textContent = ++count);
setInterval(() => ticks++, 20);
generator.next();
</script>"""


DOT = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000070000000508060000008d1c0b3a0000000049454e44ae426082")


def children(process):
    """The numbers of a process's children, the first started first."""
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


class Site(http.server.BaseHTTPRequestHandler):
    """Pages, and places that lead round in circles or take their time."""

    asked = 0  # for kept.js

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/round":
            self.answer(302, b"", Location="/round")
        elif path == "/hop":
            self.answer(302, b"", Location="/page")
        elif path == "/slow.js":
            time.sleep(1)
            self.answer(200, b"var slow = 1", **{"Content-Type": "text/javascript"})
        elif path == "/slow":
            self.answer(200, b"<title>slow</title><script src=slow.js></script>")
        elif path == "/script.js":
            self.answer(200, b"document.title = 'by script'", **{"Content-Type": "text/javascript"})
        elif path == "/picture":
            self.answer(200, b"\x89PNG\r\n", **{"Content-Type": "image/png"})
        elif path == "/dot.png":
            self.answer(200, DOT, **{"Content-Type": "image/png"})
        elif path == "/kept.js":
            type(self).asked += 1
            self.answer(200, b"var kept = '\xe9'", **{"Content-Type": "text/javascript; charset=latin1",
                                                     "Cache-Control": "max-age=1000"})
        elif path == "/pictures":
            self.answer(200, b"<img id=i src=dot.png><img id=no src=page><script src=kept.js></script>")
        elif path == "/latin1":
            self.answer(200, b"<title>caf\xe9</title>", **{"Content-Type": "text/html; charset=iso-8859-1"})
        elif path == "/login":
            self.answer(302, b"", **{"Set-Cookie": "id=7; Path=/in; HttpOnly", "Location": "/in/side"})
        elif path == "/logout":
            self.answer(302, b"", **{"Set-Cookie": "id=; Path=/in; Max-Age=0", "Location": "/in/side"})
        elif path in ("/in/side", "/inside"):
            self.answer(200, self.headers.get("Cookie", "none").encode(), **{"Content-Type": "text/plain"})
        elif path == "/data":
            self.answer(200, b'{"n": 3}', **{"Content-Type": "application/json"})
        elif path == "/page":
            self.answer(200, b"<title>page</title><a id=a href=/other>other</a><script src=script.js></script>")
        elif path == "/other":
            self.answer(200, b"<title>other</title><p>there")
        else:
            self.answer(404, b"<title>no</title>nothing here")

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)


class OfTabs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        cls.url = f"http://127.0.0.1:{cls.server.server_address[1]}"
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)

    def page(self, text, name="page.html"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def tabs(self, *options):
        host = Tabs(*options)
        self.addCleanup(host.__exit__)
        return host

    def refused(self, host, command):
        with self.assertRaises(Refused) as told:
            host.ask(command)
        return str(told.exception)


class Commands(OfTabs):
    def test_each_command_has_one_answer(self):
        page = self.page("<!doctype html><title>A &amp; B</title><p class=x>one</p><p>two\n</p><input id=i>"
                         "<script>console.log('said', 1); i.oninput = () => document.title = i.value</script>")
        host = self.tabs()
        self.assertEqual(host.ask(f"open {page}"), {"ok": True, "tab": 1, "state": "active", "url": "file://" + page,
                                                     "title": "A & B"})
        self.assertEqual(host.eval(1, "1 + 1"), "2")
        self.assertEqual(host.ask("text 1")["value"], "one\n\ntwo")
        self.assertTrue(host.ask("html 1")["value"].startswith("<!DOCTYPE html><html><head><title>A &amp; B</title>"))
        self.assertEqual(host.ask("query 1 p")["values"], ['<p class="x">one</p>', "<p>two\n</p>"])
        self.assertEqual(host.ask("query 1 b")["values"], [])
        self.assertEqual(host.ask("console 1")["value"], "log: said 1\n")
        host.ask("fill 1 '#i' some text")
        self.assertEqual(host.eval(1, "document.title"), "some text")
        self.assertEqual([tab["tab"] for tab in host.ask("list")["tabs"]], [1])
        self.assertEqual(host.ask("stats")["active"], 1)
        host.ask("close 1")
        self.assertEqual(host.ask("list")["tabs"], [])
        self.assertEqual(host.end(), (0, ""))

    def test_plain_answers_are_one_line_each(self):
        page = self.page("<pre>a\nb</pre>")
        script = self.page(f"# a comment\n\nopen {page}\ntext 1\nquery 1 pre\neval 1 nothing.there\n  close 1\nlist\n",
                           "script")
        run = subprocess.run([FIRN, "tabs", "--quiet", script], capture_output=True, text=True)
        self.assertEqual(run.stdout.split("\n"), [f'1 active file://{page}', "a\\nb", "<pre>a\\nb</pre>",
                                                  run.stdout.split("\n")[3], "ok", "", ""])
        self.assertTrue(run.stdout.split("\n")[3].startswith("error: ReferenceError"))
        self.assertEqual((run.returncode, run.stderr), (1, ""))

    def test_standard_input_can_be_a_page(self):
        script = self.page("open -\neval 1 document.title\n", "script")
        run = subprocess.run([FIRN, "tabs", script], input="<title>from stdin</title>", capture_output=True, text=True)
        self.assertIn("\nfrom stdin\n", run.stdout)

    def test_pages_come_by_http_with_what_they_need(self):
        host = self.tabs()
        tab = host.open(self.url + "/hop")
        self.assertEqual(host.ask("list")["tabs"][0]["url"], self.url + "/page")
        self.assertEqual(host.eval(tab, "document.title"), "by script")
        host.ask(f"click {tab} #a")
        self.assertEqual(host.ask("list")["tabs"][0]["url"], self.url + "/other")
        host.eval(tab, "history.back()")
        host.ask("sleep 100")
        self.assertEqual(host.ask("list")["tabs"][0]["url"], self.url + "/page")
        if host.eval(tab, "typeof fetch") == "undefined":
            return
        host.eval(tab, "var n; fetch('/data').then(r => r.json()).then(d => n = d.n); 0")
        for _ in range(50):
            if host.eval(tab, "n") == "3":
                break
            host.ask("sleep 20")
        self.assertEqual(host.eval(tab, "n"), "3")

    def test_what_comes_is_kept_decoded_and_measured(self):
        host = self.tabs("--store", os.path.join(self.folder, "visited"))
        for _ in range(2):
            tab = host.open(self.url + "/pictures")
            self.assertEqual(host.eval(tab, "[i.naturalWidth, i.naturalHeight, no.naturalWidth, kept].join()"),
                             "7,5,0,é")
        self.assertEqual(Site.asked, 1)
        host.open(self.url + "/latin1")
        self.assertEqual([(visit["url"], visit["title"]) for visit in host.ask("history latin")["visits"]],
                         [(self.url + "/latin1", "café")])
        self.assertEqual(len(host.ask("history")["visits"]), 2)

    def test_cookies_are_for_all_tabs(self):
        host = self.tabs()
        for path, seen in (("/inside", "none"), ("/login", "id=7"), ("/in/side", "id=7"), ("/inside", "none"),
                           ("/logout", "none"), ("/in/side", "none")):
            self.assertEqual(host.ask(f"text {host.open(self.url + path)}")["value"], seen, path)

    def test_a_page_that_waits_does_not_hold_up_the_others(self):
        host = self.tabs()
        other = host.open(self.page("<script>let n = 0; setInterval(() => n++, 10)</script>"))
        host.open(self.url + "/slow")
        self.assertGreater(int(host.eval(other, "n")), 20)


class States(OfTabs):
    def look(self, host, tab):
        return host.eval(tab, "[count, JSON.stringify([...map]), generator.next().value, counter(), secret.next(),"
                              " settled, field.value, out.textContent].join()")

    def test_state_survives_each_level(self):
        host = self.tabs()
        tab, peer = host.open(self.page(STATEFUL)), host.open("about:blank")
        host.ask(f"fill {tab} #field written")
        host.ask(f"click {tab} #button")
        for round_, level in enumerate(["warm", "cold", "frozen", "cold", "warm", "frozen"]):
            self.assertEqual(host.state(tab, level), level)
            self.assertEqual(host.eval(peer, "1"), "1")
            state = self.look(host, tab).split(",")
            self.assertEqual(host.state(tab), "active")
            self.assertEqual(state[:6] + state[6:7], ["1", '[["a"', '{"deep":[1', "2", "3]}]]", str(11 + round_),
                                                      str(6 + round_)])
            self.assertEqual(state[7:11], [str(41 + round_), "pending", "written", "1"])
        for old, new in (("frozen", "cold"), ("warm", "frozen"), ("cold", "warm")):
            host.state(tab, old)
            self.assertEqual(host.state(tab, new), new)
        host.eval(tab, "settle('done')")
        self.assertEqual(host.eval(tab, "settled"), "done")
        self.assertNotEqual(host.eval(tab, "ticks"), "0")

    def test_an_idle_page_gives_back_what_its_work_has_left(self):
        host = self.tabs()
        tab = host.open(self.page("<script>let ticks = 0; setInterval(() => ticks++, 30);"
                                  "const kept = {}, make = new Function('return ' + '[1],'.repeat(99999) + '1');"
                                  "make(); for (let i = 0; i < 300000; i++) kept[i % 100] = { i };</script>"))
        before = least = host.ask("stats")["pages_bytes"]
        for _ in range(100):
            if least < before - (2 << 20):
                break
            host.ask("sleep 100")
            least = host.ask("stats")["pages_bytes"]
        self.assertLess(least, before - (2 << 20))
        self.assertEqual(host.state(tab), "active")
        self.assertEqual(host.eval(tab, "kept[99].i + make()"), "300000")
        ticks = int(host.eval(tab, "ticks"))
        host.ask("sleep 300")
        self.assertGreater(int(host.eval(tab, "ticks")), ticks)

    def test_tabs_of_one_document_share_their_images(self):
        page = self.page("<!doctype html><p id=p><script>let n = 0; const all = [];"
                         "for (let i = 0; i < 20000; i++) all.push({ i, text: 'text ' + i * 7919 });"
                         "function next() { p.append(++n); return n + all[n].text }</script>")
        other = self.page("<!doctype html><p>other", "other.html")
        host, sizes = self.tabs(), []
        tabs = [host.open(f"file://{page}?{i}#x") for i in range(4)] + [host.open(other)]
        for level in ("cold", "frozen"):
            before = 0
            for tab in tabs:
                self.assertEqual(host.eval(tab, "typeof next") == "function", tab != 5)
                self.assertEqual(host.state(tab, "cold"), "cold")
                sizes.append(host.ask("stats")["images_bytes"] - before)
                before += sizes[-1]
            self.assertLess(min(sizes[-5:-1]) * 8, max(sizes[-5:-1]))
            for tab in tabs:
                self.assertEqual(host.state(tab, level), level)
            self.assertEqual(host.eval(1, "next()")[0], "1" if level == "cold" else "3")  # the base's own tab
            self.assertEqual(host.eval(2, "next()")[0], "1" if level == "cold" else "3")
            self.assertEqual(host.state(2, level), level)
            self.assertEqual(host.eval(1, "next()")[0], "2" if level == "cold" else "4")
            self.assertEqual(host.eval(2, "next()")[0], "2" if level == "cold" else "4")
        self.assertEqual(host.state(2, "frozen"), "frozen")
        host.ask("close 1")
        host.ask("close 3")
        self.assertEqual(host.eval(4, "next()"), "1text 7919")
        self.assertEqual(host.eval(2, "next()")[0], "5")
        self.assertEqual(host.ask("text 5")["value"], "other")
        self.assertEqual(host.ask("stats")["images_bytes"], 0)

    def test_timers_wake_tabs_where_that_is_wanted(self):
        host = self.tabs("--wake-timers")
        tab = host.open(self.page("<script>let n = 0; setTimeout(() => n = 1, 200)</script>"))
        host.state(tab, "cold")
        host.ask("sleep 500")
        self.assertEqual(host.ask("list")["tabs"][0]["state"], "active")
        self.assertEqual(host.eval(tab, "n"), "1")

    def test_tabs_age(self):
        host = self.tabs("--warm-seconds", "1", "--cold-seconds", "2", "--frozen-seconds", "3")
        host.open("about:blank")
        seen = []
        for _ in range(45):
            host.ask("sleep 100")
            state = host.ask("list")["tabs"][0]["state"]
            seen += [state] if seen[-1:] != [state] else []
        self.assertEqual(seen, ["active", "warm", "cold", "frozen"])

    def test_a_budget_sends_the_oldest_to_sleep(self):
        host = self.tabs("--memory", "2M")
        for _ in range(6):
            host.open(self.page("<script>var much = new Array(100000).fill(1.5)</script>"))
        for _ in range(50):
            host.ask("sleep 100")
            states = [tab["state"] for tab in host.ask("list")["tabs"]]
            if states[0] != "active":
                break
        self.assertNotEqual(states[0], "active")
        self.assertEqual(states[5], "active")
        self.assertEqual([host.eval(tab, "much.length") for tab in range(1, 7)], ["100000"] * 6)


class BadInput(OfTabs):
    def test_commands_that_are_none(self):
        host = self.tabs()
        for command in ("nothing", "open", "open /no/such/file", "open ftp://host/", f"open {self.folder}", "eval",
                        "eval x 1", "eval 7 1", "eval 99999999999999999999 1", "state 1 asleep", "sleep", "sleep x",
                        "click", "open -", b"\xff\xfe\x00", b"open \xff", "fill 1"):
            self.assertNotIn("\n", self.refused(host, command))
        tab = host.open("about:blank")
        for command in (f"state {tab} lost", f"query {tab}", f"query {tab} ..", f"click {tab} #no", f"fill {tab} '#no",
                        f"eval {tab} }}", f"eval {tab} throw 1", f"eval {tab} Symbol()", f"eval {tab} throw Symbol()"):
            self.refused(host, command)
        for script in ("({ toString() { throw 7 } })", "throw { toString: () => 7 }"):
            self.assertEqual(self.refused(host, f"eval {tab} {script}"), "7")
        self.assertIn("without a text", self.refused(host, f"eval {tab} throw {{ toString() {{ throw 7 }} }}"))
        self.assertEqual(host.eval(tab, "1"), "1")
        self.assertEqual(host.end()[0], 1)

    def test_pages_that_do_not_come(self):
        host = self.tabs()
        self.assertIn("redirects without end", self.refused(host, f"open {self.url}/round"))
        self.assertIn("image/png", self.refused(host, f"open {self.url}/picture"))
        self.refused(host, "open http://127.0.0.1:1/")
        self.refused(host, "open http://no-such-host.invalid/")
        self.assertEqual(host.ask("list")["tabs"], [])
        self.assertEqual(host.open(self.url + "/missing"), 1)
        host.eval(1, "location.href = '/round'; 0")
        self.assertIn("nothing here", host.ask("text 1")["value"])

    def test_what_is_no_html_is_taken_as_far_as_it_goes(self):
        host = self.tabs()
        host.open(self.page(bytes(range(256)) * 100, "binary.html"))
        host.open(self.page("<p>" * 5000 + "<table><td>" * 500))
        host.open(self.page("a < b & c", "notes.txt"))
        self.assertEqual(host.ask("text 3")["value"], "a < b & c")
        self.refused(host, f"open {self.page(bytes(range(256)), 'archive.bin')}")
        host.open(self.page("<script>throw new Error('at load')</script><p>after"))
        self.assertEqual(host.ask("text 4")["value"], "after")
        self.assertIn("at load", host.ask("console 4")["value"])


class Hostile(OfTabs):
    def check_others(self, host, page):
        tab = host.open("about:blank")
        message = self.refused(host, f"open {self.page(page)}")
        self.assertEqual(host.eval(tab, "2 + 2"), "4")
        self.assertEqual([each["state"] for each in host.ask("list")["tabs"]], ["active", "lost"])
        self.refused(host, "eval 2 1")
        self.page("<title>calm</title>")
        self.assertEqual(host.ask("reload 2")["title"], "calm")
        return message

    def test_endless_loops_are_stopped(self):
        self.assertIn("more than 1 s", self.check_others(self.tabs("--tab-seconds", "1"), "<script>for (;;);</script>"))

    def test_memory_bombs_are_stopped(self):
        """By the engine, which throws, or with the process."""
        host = self.tabs("--tab-memory", "64M")
        other = host.open("about:blank")
        try:
            host.open(self.page("<script>const all = []; for (;;) all.push(new Array(1000).fill(0).map(() => "
                                "({ a: 'x'.repeat(100) + all.length })));</script>"))
            told = host.ask("console 2")["value"]
        except Refused as error:
            told = str(error)
            self.assertEqual(host.ask("list")["tabs"][1]["state"], "lost")
        self.assertIn("memory", told)
        self.assertEqual(host.eval(other, "2 + 2"), "4")
        self.page("<title>calm</title>")
        self.assertEqual(host.ask("reload 2")["title"], "calm")

    def test_deep_recursion_is_an_error_of_the_script(self):
        host = self.tabs()
        tab = host.open(self.page("<script>const f = n => f(n + 1) + 1; let e; try { f(0) } catch (x) { e = x.name }"
                                  "let deep = document.createElement('div'); for (let i = 0; i < 3000; i++) {"
                                  "const d = document.createElement('div'); d.append(deep); deep = d }</script>"))
        self.assertEqual(host.eval(tab, "e"), "RangeError")

    def test_pages_have_no_files_and_no_sockets(self):
        host = self.tabs()
        tab = host.open("about:blank")
        zygote = children(host.process.pid)[0]
        page = children(zygote)[0]  # behind it, the spare
        with open(f"/proc/{page}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"], status["Threads"]), ("2", "1", "1"))
        files = [os.readlink(f"/proc/{page}/fd/{name}") for name in os.listdir(f"/proc/{page}/fd")]
        self.assertEqual(sum(file.startswith("socket:") for file in files), 1)  # the host's
        own = ("/dev/urandom", "/proc/", "/memfd:")  # the engine's, and the template
        self.assertEqual([file for file in files if file.startswith("/") and not file.startswith(own)], [])
        self.assertEqual(os.listdir(f"/proc/{page}/root"), ["proc"])
        self.assertEqual(host.eval(tab, "1"), "1")

    def test_objects_of_the_engine_lie_in_space_of_their_own(self):
        host = self.tabs()
        tab = host.open("about:blank")
        host.eval(tab, "kept = Array.from({length: 200000}, () => ({})); 0")
        page = children(children(host.process.pid)[0])[0]
        ends, own_bytes = {}, 0
        with open(f"/proc/{page}/maps", encoding="ascii") as maps:
            for line in maps:
                start, end = (int(word, 16) for word in line.split()[0].split("-"))
                if line.split()[1] == "---p" and end - start > 3 << 30:  # the room that is left
                    own_bytes += ends.get(start, 0)
                if line.split()[1] == "rw-p":
                    ends[end] = end - start
        self.assertGreater(own_bytes, 200000 * 16)

    def test_random_numbers_are_all_over_and_of_one_length(self):
        host = self.tabs()
        counts = json.loads(host.eval(host.open("about:blank"), (
            "JSON.stringify((() => { const drawn = Array.from({length: 50000}, Math.random);"
            "const parts = Array(100).fill(0), last = Array(10).fill(0);"
            "for (const one of drawn) { parts[Math.floor(one * 100)]++; last[String(one).at(-1)]++ }"
            "const others = drawn.filter(one => String(one).length !== 17 && one > 1e-6);"
            "return [parts, last, new Set(drawn).size, others.length] })())")))
        self.assertEqual((len(counts[0]), counts[2], counts[3]), (100, 50000, 0))
        self.assertLess(sum((count - 500) ** 2 / 500 for count in counts[0]), 180)  # chi-square, 99 free: 1e-6
        self.assertEqual([count == 0 for count in counts[1]], [True, False] * 5)
        first = [host.eval(host.open("about:blank"), "Math.random()") for _ in range(3)]
        self.assertEqual(len(set(first)), 3)

    def test_files_are_for_pages_of_files(self):
        secret = self.page("secret = 1", "secret.js")
        host = self.tabs()
        tab = host.open(self.url + "/other")
        host.eval(tab, f"const s = document.createElement('script'); s.src = 'file://{secret}';"
                       "document.body.append(s); var got = 0; s.onerror = () => got = 2; 0")
        host.ask("sleep 300")
        self.assertEqual(host.eval(tab, "typeof secret + got"), "undefined2")
        host.eval(tab, f"location.href = 'file://{secret}'; 0")
        self.assertEqual(host.ask("list")["tabs"][0]["url"], self.url + "/other")

    def test_a_process_that_is_killed_is_told_of(self):
        host = self.tabs()
        host.open("about:blank")
        zygote = children(host.process.pid)[0]
        page = children(zygote)[0]  # behind it, the spare
        os.kill(page, signal.SIGKILL)
        host.ask("sleep 100")
        self.assertEqual(host.ask("list")["tabs"][0]["state"], "lost")
        os.kill(zygote, signal.SIGKILL)
        host.ask("sleep 100")
        self.assertEqual(host.ask("reload 1")["state"], "active")


    def children_of(self, host, process, count):
        """A process's children, once they are so many."""
        for _ in range(200):
            found = children(process)
            if len(found) == count:
                return found
            host.ask("sleep 50")
        return self.fail(f"{len(children(process))} children, not {count}")

    def test_a_spare_process_waits_for_the_next_document(self):
        host = self.tabs()
        host.open("about:blank")
        zygote = self.children_of(host, host.process.pid, 1)[0]
        first, spare = self.children_of(host, zygote, 2)
        host.ask("sleep 100")
        before = time.time() * 1000
        tab = host.open(self.page("<title>of the spare</title>"))
        self.assertGreater(float(host.eval(tab, "performance.timeOrigin")), before - 50)  # not since it was forked
        self.children_of(host, zygote, 3)
        os.kill(spare, signal.SIGKILL)
        last = next(each for each in self.children_of(host, zygote, 2) if each != first)
        host.ask("sleep 100")
        self.assertEqual([each["state"] for each in host.ask("list")["tabs"]], ["active", "lost"])
        os.kill(last, signal.SIGKILL)  # one that no tab misses
        self.children_of(host, zygote, 1)
        host.ask("sleep 100")
        self.assertEqual(host.ask("open " + self.page("<title>without</title>"))["title"], "without")
        self.assertEqual(host.ask("reload 2")["state"], "active")
        for number in (1, 2, 3):
            host.state(number, "cold")
        self.children_of(host, zygote, 0)  # all sleep, and the spare is gone
        self.assertEqual(host.eval(3, "document.title"), "without")


class Kept(OfTabs):
    def test_a_killed_hosts_tabs_are_listed_and_can_be_reloaded(self):
        store, page = os.path.join(self.folder, "store"), self.page("<title>kept</title>")
        first = self.tabs("--store", store)
        first.open(page)
        first.open(self.url + "/other")
        first.state(1, "frozen")
        self.assertIn("held by", subprocess.run([FIRN, "tabs", "--store", store], input="", capture_output=True,
                                               text=True).stderr)
        first.ask("sleep 10")
        first.kill()
        second = self.tabs("--store", store)
        self.assertEqual([(tab["state"], tab["title"]) for tab in second.ask("list")["tabs"]],
                         [("lost", "kept"), ("lost", "other")])
        self.refused(second, "eval 1 1")
        self.assertEqual(second.ask("reload 2")["state"], "active")
        self.assertEqual(second.ask("reload 1")["title"], "kept")
        self.assertEqual(second.end()[0], 1)

    def test_storage_is_kept_by_origin(self):
        store = os.path.join(self.folder, "storage")
        first = self.tabs("--store", store)
        tab = first.open(self.url + "/other")
        first.eval(tab, "localStorage.setItem('k', 'v\\0w'); sessionStorage.s = 1; 0")
        first.ask(f"reload {tab}")
        self.assertEqual(first.eval(tab, "sessionStorage.s + localStorage.length"), "11")
        self.assertEqual(first.end()[0], 0)
        second = self.tabs("--store", store)
        tab = second.open(self.url + "/other")
        self.assertEqual(second.eval(tab, "localStorage.getItem('k') === 'v\\0w'"), "true")
        self.assertEqual(second.eval(tab, "sessionStorage.length"), "0")
        other = second.open(self.page("<p>"))
        self.assertEqual(second.eval(other, "localStorage.length"), "0")

    def damage(self, store, begin=2, end=2):
        """Flips bits of what is frozen: in the middle, or between two parts of it."""
        images = os.path.join(store, "images")
        for name in os.listdir(images):
            if "data" in name:
                path = os.path.join(images, name)
                size = os.path.getsize(path)
                with open(path, "r+b") as file:
                    for at in range(size // begin, size // end + 1, 4096):
                        file.seek(at)
                        byte = file.read(1)
                        file.seek(at)
                        file.write(bytes([byte[0] ^ 0x10]))

    def test_a_damaged_image_loses_the_tabs_that_stand_on_it(self):
        store = os.path.join(self.folder, "damaged-base")
        host = self.tabs("--store", store)
        page = self.page("<!doctype html><script>let count = 0, all = [];"
                         "for (let i = 0; i < 9999; i++) all.push({ i, text: 'text ' + i });</script>")
        tabs, sizes, before = [], [], 0
        while len(tabs) < 40 and not any(large > 2 * max(sizes[i + 1:i + 3])
                                         for i, large in enumerate(sizes[:-2])):
            tabs.append(host.open(page))
            host.state(tabs[-1], "cold")
            sizes.append(host.ask("stats")["images_bytes"] - before)
            before += sizes[-1]
        base = len(tabs) - 3  # on which the two behind it stand, or they stand on one before it
        for tab in tabs[base:]:
            host.state(tab, "frozen")
        self.damage(store, 16, 3)  # the base comes first
        host.ask(f"close {tabs[base]}")
        lost = 0
        for tab in tabs[base + 1:]:
            try:
                self.assertEqual(host.eval(tab, "count"), "0")
            except Refused:
                lost += 1
                host.ask(f"reload {tab}")
        self.assertGreater(lost, 0)
        for tab in tabs[:base] + tabs[base + 1:]:
            self.assertEqual(host.eval(tab, "count"), "0")

    def test_a_damaged_image_loses_its_tab_alone(self):
        store = os.path.join(self.folder, "damaged")
        host = self.tabs("--store", store)
        for _ in range(2):
            host.open(self.page(STATEFUL))
        host.state(1, "frozen")
        self.damage(store)
        self.refused(host, "eval 1 count")
        self.assertEqual(host.ask("list")["tabs"][0]["state"], "lost")
        self.assertEqual(host.eval(2, "count"), "0")
        host.ask("reload 1")
        self.assertEqual(host.eval(1, "count"), "0")

    def test_nothing_is_left_of_a_private_folder(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        for end in ("close", signal.SIGTERM):
            with unittest.mock.patch.dict(os.environ, TMPDIR=folder):
                host = self.tabs()
            host.open("about:blank")
            host.state(1, "frozen")
            self.assertEqual(len(os.listdir(folder)), 1)
            if end == "close":
                self.assertEqual(host.end(), (0, ""))
            else:
                host.process.send_signal(end)
                host.process.wait(10)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    import unittest.mock
    run_tests()
