#!/usr/bin/env python3
"""`firn code serve`: the commands print the same with and without it, clients of all manners are answered or refused,
and whatever one of them does, the others are served."""

import json
import os
import pathlib
import random
import signal
import stat
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, code, code_json, firn  # noqa: E402
from serving import Client, Server, without_server  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", "."))
SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
QUERY = "(call_expression function: (identifier) @f)"
STALL_SECONDS = 10


class Serve(Case):
    def setUp(self):
        super().setUp()
        self.write("src/list.c", '#include "list.h"\nint list_length(struct list *l)\n{\n    return l ? 1 : 0;\n}\n')
        self.write("src/list.h", "struct list { int a; };\nint list_length(struct list *);\n")
        self.write("odd.c", b"int odd_\xff; /* \x01 \xe9 \\ \" */\nint caf\xc3\xa9 = 1;\n")
        self.write(os.fsdecode(b"name-\xff.c"), "int in_odd_name;\n")
        self.write("big.py", "".join(f"def f{i}(a):\n    return f{i - 1}(a)\n" for i in range(1, 4000)))

    def both(self, command, *words, **options):
        """Runs a command with the server and without; both must print the same."""
        served = code(command, self.store, *words, **options)
        alone = code(command, self.store, *words, **{**without_server(self.store), **options})
        for run in (served, alone):
            if command == "stats":
                run.stdout = b"\n".join(line for line in run.stdout.split(b"\n") if b"resident" not in line)
        self.assertEqual((served.returncode, served.stdout, served.stderr),
                         (alone.returncode, alone.stdout, alone.stderr), (command, words))
        return served

    def each_question(self):
        for name in ("list_length", "caf\u00e9", "", "x" * 3000, "a\nb"):
            yield "find", name
        for name in ("f17", "no_such_name"):
            yield "refs", name
        for file in ("odd.c", "big.py", b"name-\xff.c"):
            yield "cat", file
        for file in ("nofile.c", "src/../odd.c"):
            yield "outline", file
        yield "tree", "odd.c"
        yield "tree", "big.py", "--format", "lines"
        for place in ("src/list.c:2:5", "src/list.c:99:1", "big.py:3000:10", "nofile.c:1:1", "nonsense"):
            yield "at", place
        yield "query", QUERY
        yield "query", QUERY, "--format", "lines"
        yield "query", "(function_definition) @f", "big.py"
        yield "query", "(identifier) @i", "--language", "python"
        yield "query", "(no_such_node) @i"
        yield "query", "(((", "odd.c"
        yield "query", "(goto_statement) @g"
        yield ("stats",)

    def test_every_command_prints_the_same_with_and_without_it(self):
        self.index()
        server = Server(self, self.store)
        for words in self.each_question():
            before = server.ask("health")["result"]["answers"]
            for more in ((), ("--json",), ("--json", "--quiet")):
                has_options = "--format" in words or "--language" in words
                self.both(words[0], *more, *([] if has_options else ["--"]), *words[1:])
            asked = server.ask("health")["result"]["answers"] - before - 1
            is_text = all(isinstance(word, str) for word in words)
            self.assertEqual(asked, 0 if not is_text or "nonsense" in words else 3, words)
        self.both("cat", "list.c", cwd=self.tree / "src")
        self.both("cat", "../odd.c", cwd=self.tree / "src")
        self.both("at", "./list.h:1:8", cwd=self.tree / "src")
        self.assertEqual(server.end(), (0, ""))

    def test_a_real_tree_gives_the_same_answers(self):
        store = self.store
        run = code("index", store, SOURCE, "-x", "build/", "-x", "node_modules/")
        self.assertEqual(run.returncode, 0, run)
        Server(self, store, "--resident")
        for words in (("find", "firn_store_open"), ("refs", "firn_store_pin"), ("outline", "src/tier/store.c"),
                      ("at", "src/tier/store.c:100:5"), ("tree", "src/tier/store.c", "--format", "lines"),
                      ("cat", "src/tier/store.c"), ("query", QUERY, "src/tier/store.c"), ("refs", "i"), ("stats",)):
            self.both(*words)
            self.both(*words, "--json")

    def test_what_is_kept_of_a_file_gives_the_same_places(self):
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        self.write("wide.c", "".join(f"#define N{i} {i}\nstruct s{i} {{ int a, *b; }} v{i}, w{i};\n"
                                     for i in range(900)))
        self.write("one.js", "class A {\n" + "".join(f"  m{i}(a) {{ return {{ a: a.b{i} }}; }}\n  f{i} = 1; // c\n"
                                                     for i in range(400)) + "}\nconst x = { y: () => 1 };\n")
        self.write("deep.c", "int f(void) { return " + "(" * 60 + "1" + ")" * 60 + "; }\n\n\nint g; /* c */ \n")
        self.index()
        server = Server(self, self.store)
        with server.connect() as client:
            for name in ("deep.c", "src/list.c", "odd.c", "big.py", "wide.c", "one.js"):
                lines = (self.tree / name).read_bytes().split(b"\n")
                for turn in range(16):
                    if turn == 8:
                        client.ask("outline", file=name) # from now on all of the file is kept, not parts of it
                    row = chance.randrange(len(lines))
                    place = f"{name}:{row + 1}:{chance.randrange(len(lines[row]) + 1) + 1}"
                    run = code("at", self.store, "--json", place, **without_server(self.store))
                    for _ in range(2): # the second is from what is kept
                        answer = client.ask("at", place=place)
                        if run.returncode == 0:
                            self.assertEqual(answer["result"], json.loads(run.stdout), place)
                        else:
                            self.assertEqual(answer["error"]["code"], "not_found", place)

    def test_a_value_is_what_the_command_prints_in_json(self):
        self.index()
        server = Server(self, self.store)
        with server.connect() as client:
            for method, key, value in (("find", "name", "list_length"), ("refs", "name", "f17"),
                                       ("outline", "file", "big.py"), ("at", "place", "src/list.c:2:5"),
                                       ("tree", "file", "odd.c"), ("query", "pattern", QUERY),
                                       ("cat", "file", "odd.c")):
                answer = client.ask(method, **{key: value})
                self.assertEqual(answer, {"id": 7, "result": code_json(method, self.store, value)})
            self.assertEqual(client.ask("find", name="nothing"), {"id": 7, "result": []})
            self.assertEqual(client.ask("stats")["result"]["files"], 5)
            self.assertEqual(client.ask("cat", file="none")["error"]["code"], "not_found")

    def test_bad_requests_are_refused_and_the_next_is_answered(self):
        self.index()
        server = Server(self, self.store)
        with server.connect() as client:
            for line, code_ in (("", "bad_request"), ("{", "bad_request"), ("[]", "bad_request"), ("17", "bad_request"),
                                ('{"id":1}', "bad_request"), ('{"method":"find"}', "bad_request"),
                                ('{"id":1,"method":"find"}', "bad_params"), ('{"id":[],"method":"x"}', "bad_request"),
                                ('{"id":1,"method":"grep"}', "unknown_method"),
                                ('{"id":1,"id":2,"method":"stats"}', "bad_request"),
                                ('{"id":1,"method":"find","params":[]}', "bad_request"),
                                ('{"id":1,"method":"find","params":{"name":7}}', "bad_params"),
                                ('{"id":1,"method":"find","params":{"name":"x","nmae":"y"}}', "bad_params"),
                                ('{"id":1,"method":"at","params":{"place":"x"}}', "bad_params"),
                                ('{"id":1,"method":"find","params":{"name":"x","store":"/other"}}', "other_store"),
                                ('{"id":1,"method":"find","params":{"name":"x","version":"9"}}', "other_version"),
                                ("[" * 60000, "bad_request"),
                                ('{"id":"' + "x" * 1000 + '","method":"stats"}', "bad_request"),
                                (b'{"id":1,"method":"find","params":{"name":"\xff"}}', "bad_request")):
                client.send((line if isinstance(line, bytes) else line.encode()) + b"\n")
                self.assertEqual(client.line()["error"]["code"], code_, line[:80])
            client.send('{"id":"a\\u00e9","method":"find","params":{"name":"f17"}}\n')
            self.assertEqual(client.line()["id"], "a\u00e9")
        with server.connect() as client:
            client.send(b"x" * 70000)
            self.assertEqual(client.line()["error"]["code"], "too_long")
            self.assertIsNone(client.line())
        self.assertEqual(server.end(), (0, ""))

    def test_requests_in_pieces_and_many_at_once_are_answered_in_order(self):
        self.index()
        server = Server(self, self.store)
        with server.connect() as client:
            for byte in b'{"id":1,"method":"stats"}\n':
                client.send(bytes([byte]))
            self.assertEqual(client.line()["id"], 1)
            client.send("".join(json.dumps({"id": i, "method": "find", "params": {"name": f"f{i}"}}) + "\n"
                                for i in range(1, 2001)))
            for i in range(1, 2001):
                answer = client.line()
                self.assertEqual((answer["id"], answer["result"][0]["name"]), (i, f"f{i}"))
        with server.connect() as client: # one that sends half a request and goes
            client.send('{"id":1,"meth')

    def test_clients_that_do_not_read_are_dropped_and_harm_nobody(self):
        self.index()
        server = Server(self, self.store)
        stuck = [server.connect() for _ in range(12)]
        for client in stuck:
            self.addCleanup(client.__exit__)
        for client in stuck:
            client.send('{"id":1,"method":"tree","params":{"file":"big.py"}}\n' * 20)
        vanished = [server.connect() for _ in range(5)]
        for client in vanished:
            client.send('{"id":1,"method":"tree","params":{"file":"big.py"}}\n')
            client.__exit__()
        start = time.monotonic()
        for i in range(1, 50):
            self.assertEqual(len(server.ask("find", name=f"f{i}")["result"]), 1)
        self.assertLess(time.monotonic() - start, STALL_SECONDS / 2)
        self.assertGreater(server.ask("health")["result"]["clients"], 12)
        while server.ask("health")["result"]["clients"] > 1:
            self.assertLess(time.monotonic() - start, 5 * STALL_SECONDS)
            time.sleep(0.2)
        self.assertGreater(time.monotonic() - start, STALL_SECONDS / 2)
        self.assertEqual(server.end(), (0, ""))

    def test_many_clients_at_once_get_their_own_answers(self):
        print(f"FIRN_SEED={SEED}")
        self.index()
        server = Server(self, self.store, "--ram", "64K")
        wrong = []

        def work(seed):
            chance = random.Random(seed)
            with server.connect() as client:
                for _ in range(30):
                    number = chance.randrange(1, 4000)
                    answer = client.ask("find", name=f"f{number}")
                    if answer["result"][0]["line"] != 2 * number - 1:
                        wrong.append(answer)
        threads = [threading.Thread(target=work, args=(SEED + i,)) for i in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(server.end(), (0, ""))

    def test_more_clients_than_allowed_are_turned_away(self):
        self.index()
        server = Server(self, self.store)
        clients = [server.connect() for _ in range(256)]
        for client in clients:
            self.addCleanup(client.__exit__)
        self.assertEqual(clients[-1].ask("find", name="f1")["result"][0]["name"], "f1")
        with server.connect() as client:
            self.assertEqual(client.line()["error"]["code"], "busy")
            self.assertIsNone(client.line())
        self.assertEqual(self.both("find", "f1").returncode, 0)

    def test_it_follows_the_store(self):
        self.index()
        for words in ((), ("--resident",)):
            server = Server(self, self.store, *words)
            for round_ in range(3):
                name = f"fresh_{round_}_{len(words)}"
                self.write("fresh.go", f"package p\nfunc {name}() {{}}\n")
                if round_ == 0:
                    self.index()
                else:
                    self.assertEqual(code("update", self.store).returncode, 0)
                self.assertEqual(self.both("find", name).returncode, 0)
                self.both("at", "fresh.go:2:6")
                self.both("outline", "fresh.go")
            generation = server.ask("health")["result"]["generation"]
            self.assertEqual(server.ask("refresh")["result"], {"generation": generation})
            self.assertEqual(server.end(), (0, ""))

    def damage(self, *kinds):
        """Overwrites the ends of all segments of these kinds; how many there are."""
        count = 0
        for segment in json.loads(firn("store", "dump", self.store, "--json").stdout):
            if segment["kind"] in kinds:
                with open(self.store / segment["file"], "r+b") as file:
                    file.seek(segment["offset_bytes"] + segment["packed_bytes"] - 8)
                    file.write(b"\xaa" * 8)
                count += 1
        return count

    def test_a_part_that_is_damaged_is_indexed_again_and_told(self):
        self.index()
        sources, trees, families, names, catalog = (2,), (3,), (4,), (16, 17), (18, 19)
        for kinds, question in ((sources, ("cat", "big.py")), (trees, ("tree", "big.py")), (names, ("refs", "f17")),
                                (sources + trees, ("query", "(function_definition) @f")),
                                (families, ("at", "src/list.c:2:5")), (catalog, ("cat", "odd.c"))):
            words = [question[0], self.store, *question[1:]]
            right = code(*words).stdout
            server = Server(self, self.store, "--ram", "1K")
            self.assertGreater(self.damage(*kinds), 0)
            run = code(*words)
            self.assertEqual((run.returncode, run.stdout), (0, right), kinds)
            self.assertRegex(run.stderr, rb"\A[^\n]*was damaged; [^\n]*indexed again[^\n]*\n\Z")
            self.assertEqual(code(*words).stderr, b"")
            self.verify()
            status, errors = server.end()
            self.assertEqual((status, errors.count("\n")), (0, 1), errors)
            self.assertIn("was damaged", errors)

    def test_a_damaged_file_that_is_gone_leaves_the_index_and_the_rest_is_served(self):
        self.index()
        server = Server(self, self.store, "--ram", "1K")
        self.damage(2)
        (self.tree / "big.py").unlink()
        answer = server.ask("cat", file="big.py")
        self.assertEqual(answer["error"]["code"], "not_found")
        self.assertEqual(self.both("cat", "src/list.c").returncode, 0)
        self.assertEqual(self.verify()["files"], 4)
        self.assertIn("1 are not there any more", server.end()[1])

    def test_damage_that_cannot_be_repaired_is_told_once_and_the_others_are_served(self):
        self.index()
        server = Server(self, self.store, "--ram", "1K")
        self.damage(2)
        self.tree.rename(self.folder / "elsewhere")
        for _ in range(3):
            self.assertEqual(server.ask("cat", file="big.py")["error"]["code"], "corrupt")
        self.assertEqual(len(server.ask("find", name="f17")["result"]), 1)
        self.assertEqual(self.both("cat", "big.py").returncode, 1)
        status, errors = server.end()
        self.assertEqual((status, errors.count("\n")), (0, 1))
        self.assertIn("cannot be repaired", errors)

    def test_a_server_that_is_killed_leaves_commands_working_and_room_for_the_next(self):
        self.index()
        server = Server(self, self.store)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(
            [code("query", self.store, "(_) @a", "big.py") for _ in range(4)]))
        asking.start()
        time.sleep(0.15)
        server.end(signal.SIGKILL)
        asking.join()
        right = code("query", self.store, "(_) @a", "big.py", **without_server(self.store)).stdout
        for run in answers[0]:
            if run.returncode == 0:
                self.assertEqual(run.stdout, right)
            else:
                self.assert_fails_with_one_line(run, self.store)
        self.assertTrue(os.path.exists(server.path))
        self.both("find", "f17")
        following = Server(self, self.store)
        self.assertEqual(following.ask("health")["result"]["files"], 5)
        self.assertEqual(following.end(), (0, ""))
        self.assertEqual([path.name for path in self.store.iterdir() if path.name == "socket"], [])
        self.assertFalse(os.path.exists(following.path))

    def test_the_socket_is_the_users_alone_and_a_live_one_is_not_taken(self):
        self.index()
        server = Server(self, self.store)
        mode = os.lstat(server.path)
        self.assertTrue(stat.S_ISSOCK(mode.st_mode))
        self.assertEqual(stat.S_IMODE(mode.st_mode), 0o600)
        self.assertEqual(os.readlink(self.store / "socket"), server.path)
        file = self.folder / "file"
        file.write_text("kept")
        for path in (server.path, file, "x" * 200, "/nonexistent/socket"):
            self.assert_fails_with_one_line(code("serve", self.store, "--socket", path), str(path)[:100])
        self.assertEqual(file.read_text(), "kept")
        self.assertEqual(len(server.ask("find", name="f1")["result"]), 1)
        self.assert_fails_with_one_line(code("serve", self.folder / "none", "--socket", self.folder / "s"), "none")

    def test_a_client_may_end_it(self):
        self.index()
        server = Server(self, self.store)
        self.assertEqual(server.ask("shutdown"), {"id": 7, "result": True})
        self.assertEqual(server.process.wait(20), 0)
        self.both("find", "f1")

    def test_a_named_socket_is_asked_in_place_of_the_link(self):
        self.index()
        server = Server(self, self.store)
        os.unlink(self.store / "socket")
        self.both("find", "f1")
        self.assertEqual(server.ask("health")["result"]["answers"], 1)
        environment = {"env": {**os.environ, "FIRN_SOCKET": server.path}}
        self.assertEqual(code("find", self.store, "f1", **environment).returncode, 0)
        self.assertEqual(server.ask("health")["result"]["answers"], 3)
        other = {"env": {**os.environ, "FIRN_SOCKET": str(self.folder / "nobody")}}
        self.assertEqual(code("find", self.store, "f1", **other).returncode, 0)

    def test_allocations_and_calls_that_fail_are_told_or_made_good(self):
        self.index()
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        counts = self.folder / "counts"
        server = Server(self, self.store, environment={**os.environ, "FIRN_FAULT_COUNT": str(counts)})
        right = [self.both(*words).stdout for words in (("find", "f17"), ("outline", "src/list.c"))]
        self.assertEqual(server.end(), (0, ""))
        if not counts.exists():
            self.skipTest("this build injects no faults")
        count = dict(line.split() for line in counts.read_text().splitlines())
        faults = [("ALLOC", str(number)) for number in chance.sample(range(1, int(count["alloc"]) + 1), 8)]
        faults += [("IO", f"read:{number}") for number in range(1, int(count["read"]) + 1, 7)]
        for name, value in faults:
            server = Server(self, self.store, environment={**os.environ, f"FIRN_FAULT_{name}": value})
            if server.ready is None:
                status, errors = server.process.wait(20), server.process.stderr.read()
                self.assertEqual((status, errors.count("\n")), (1, 1), (name, value, errors))
                continue
            for words, answer in zip((("find", "f17"), ("outline", "src/list.c")), right):
                for _ in range(3):  # one of them may be hit
                    run = code(words[0], self.store, *words[1:])
                    if run.returncode == 0:
                        break
                    self.assert_fails_with_one_line(run)
                self.assertEqual(run.stdout, answer, (name, value))
            self.assertEqual(server.end(), (0, ""), (name, value))


if __name__ == "__main__":
    unittest.main()
