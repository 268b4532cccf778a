#!/usr/bin/env python3
"""The manners of the command line: help, wrong usage, exit statuses, output that cannot be written."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

FIRN = os.environ["FIRN"]


def firn(*words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([FIRN, *words], text=True, check=False, **options)


def commands():
    """Every command, as --help names them: ("code", "find"), or ("run",)."""
    for group in listed(firn("--help").stdout):
        if group == "help":
            continue
        text = firn(group, "--help").stdout
        if "\nCommands:\n" not in text:
            yield (group,)
            continue
        for command in listed(text):
            yield group, command


def listed(text):
    section = text.split("\nCommands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in section.split("\n")]


class Usage(unittest.TestCase):
    def assert_one_line(self, run, status):
        self.assertEqual(run.returncode, status, run)
        self.assertRegex(run.stderr, r"\Afirn: [^\n]+\n\Z")
        self.assertEqual(run.stdout, "")

    def test_wrong_usage_is_one_line_and_exit_status_2(self):
        wrong = [(), ("none",), ("--none",), ("--help", "more"), ("-x",), ("code",), ("code", "none"),
                 ("help", "none"), ("help", "code", "none"), ("help", "code", "find", "more"),
                 ("help", "run", "more"), ("run",)]
        for command in commands():
            wrong.append((*command, "--none"))
            wrong.append((*command, "--color=some"))
            wrong.append((*command, "--color"))
            wrong.append((*command, "--json=1"))
            if command not in (("run",), ("tune", "track"), ("tune", "memory")):  # which take what another program may
                wrong.append((*command, *["a"] * 50))
        for words in wrong:
            self.assert_one_line(firn(*words), 2)

    def test_every_command_has_a_usage_line_three_examples_and_its_options(self):
        seen = list(commands())
        self.assertGreaterEqual(len(seen), 10)
        for command in seen:
            title = " ".join(command)
            run = firn(*command, "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertEqual(run.stdout, firn("help", *command).stdout)
            self.assertTrue(run.stdout.startswith(f"Usage: firn {title} "), run.stdout)
            examples = run.stdout.split("\nExamples:\n")[1].split("\n\n")[0]
            lines = re.findall(r"^  firn .*", examples, flags=re.M)
            self.assertEqual([(line + " ").startswith(f"  firn {title} ") for line in lines], [True] * 3)
            for option in ("--json", "--quiet", "--color", "--help"):
                self.assertIn(option, run.stdout.split("\nOptions:\n")[1])
            self.assertLessEqual(max(map(len, run.stdout.split("\n"))), 100)

    def test_no_option_has_the_name_of_another(self):
        for command in commands():
            options = firn(*command, "--help").stdout.split("\nOptions:\n")[1]
            names = re.findall(r"^  (?:(-\w), |    )(--[\w-]+)", options, flags=re.M)
            names = [name for pair in names for name in pair if name]
            self.assertEqual(len(names), len(set(names)), f"{command}: {names}")

    def test_the_manual_and_the_completion_know_every_command(self):
        manual, completion = firn("--manual").stdout, firn("--completion").stdout
        for command in commands():
            self.assertIn(f"\n*firn-{'-'.join(command)}*(1)\n", manual)
            self.assertIn(f'"{" ".join(command)}") words="', completion)
        run = subprocess.run(["bash", "-n"], input=completion, text=True, check=False)
        self.assertEqual(run.returncode, 0)

    def complete(self, *words):
        script = (firn("--completion").stdout + '\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _firn'
                  '; echo "${COMPREPLY[*]}"')
        run = subprocess.run(["bash", "-c", script, "bash", "firn", *words], text=True,
                             stdout=subprocess.PIPE, check=True)
        return run.stdout.split()

    def test_the_completion_completes(self):
        self.assertIn("code", self.complete("co"))
        self.assertEqual(self.complete("code", "fi"), ["find"])
        self.assertIn("--store", self.complete("code", "find", "--s"))
        self.assertEqual(self.complete("code", "find", "--color", "al"), ["always"])
        self.assertEqual(self.complete("code", "find", "--store", ""), [])
        self.assertEqual(
            self.complete("code", ""),
            [command[1] for command in commands() if command[0] == "code"])
        self.assertEqual(self.complete("r"), ["run", "report"])
        self.assertEqual(self.complete("run", "--mo"), ["--mode"])
        self.assertEqual(self.complete("run", "--mode", ""), ["compiler", "runtime"])
        self.assertEqual(self.complete("run", "--stats", "--stats-f"), ["--stats-file"])
        self.assertEqual(self.complete("run", ""), [])
        self.assertEqual(self.complete("run", "--stats", ""), [])

    def test_zsh_completes(self):
        zsh = shutil.which("zsh")
        if zsh is None:
            self.skipTest("there is no zsh")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "_firn"), "w", encoding="utf-8") as file:
                file.write(firn("--completion", "zsh").stdout)
            for typed, wanted in (("firn cod", "firn code"), ("firn code fi", "firn code find"),
                                  ("firn code find --sto", "firn code find --store"),
                                  ("firn run --mode comp", "firn run --mode compiler"),
                                  ("firn report --qui", "firn report --qui")):  # quick or quiet
                self.assertRegex(self.zsh_line(zsh, folder, typed), f"={wanted} ?=", typed)

    def zsh_line(self, zsh, folder, typed):
        """What is on the line of an interactive zsh after a tab, which a key then prints."""
        with open(os.path.join(folder, "begin"), "w", encoding="utf-8") as file:
            file.write(f"PS1=; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D\n"
                       "show() { print -r -- \"=$BUFFER=\"; BUFFER=; }; zle -N show; bindkey ^T show\n"
                       "print rea''dy\n")
        child, terminal = pty.fork()
        if child == 0:
            os.execv(zsh, ["zsh", "-f", "-i"])
        try:
            os.write(terminal, f"source {folder}/begin\n".encode())
            self.read_until(terminal, rb"ready\r?\n")
            os.write(terminal, typed.encode() + b"\t\x14")
            return self.read_until(terminal, rb"=firn[^=]*=").decode()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(terminal)

    def read_until(self, terminal, pattern):
        text, end = b"", time.monotonic() + 30
        while not re.search(pattern, text):
            self.assertTrue(select.select([terminal], [], [], max(0, end - time.monotonic()))[0], text)
            text += os.read(terminal, 4096)
        return text

    def test_fish_completes(self):
        fish = shutil.which("fish")
        if fish is None:
            self.skipTest("there is no fish")

        def complete(line):
            script = firn("--completion", "fish").stdout + f"\ncomplete -C '{line}'\n"
            run = subprocess.run([fish, "--no-config", "-c", script], text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=60, check=True)
            self.assertEqual(run.stderr, "")
            return [each.split("\t")[0] for each in run.stdout.split("\n")[:-1]]

        self.assertEqual(complete("firn cod"), ["code"])
        self.assertEqual(complete("firn code fi"), ["find"])
        self.assertEqual(complete("firn code find --sto"), ["--store"])
        self.assertEqual(complete("firn store find --sto"), [])
        self.assertEqual(sorted(complete("firn run --mode ")), ["compiler", "runtime"])
        self.assertEqual(sorted(complete("firn report --qui")), ["--quick", "--quiet"])
        self.assertEqual(sorted(complete("firn code ")),
                         sorted(command[1] for command in commands() if command[0] == "code"))
        self.assertEqual(sorted(complete("firn ")), sorted(["help", *listed(firn("--help").stdout)[:-1]]))

    def test_there_is_a_manual_page_for_each_command(self):
        named = firn("--manuals").stdout.split("\n")[:-1]
        groups = {command[0] for command in commands()}
        self.assertEqual(sorted(named), sorted({*groups, *(" ".join(command) for command in commands())}))
        for command in commands():
            page, name = firn("--manual", *command), f"firn-{'-'.join(command)}"
            self.assertEqual((page.returncode, page.stderr), (0, ""))
            self.assertTrue(page.stdout.startswith(f"{name}(1) "), page.stdout[:100])
            self.assertIn(f"\n# NAME\n\n{name} - ", page.stdout)
            self.assertIn(f"\n*{name}*(1)\n", firn("--manual").stdout)
            if len(command) == 2:
                self.assertIn(f"\n*{name}*(1)\n", firn("--manual", command[0]).stdout)
            text = page.stdout.replace("\\", "")
            usage, options = firn(*command, "--help").stdout.split("\nOptions:\n")
            for letter, option in re.findall(r"^  (?:(-\w), |    )(--[\w-]+)", options, flags=re.M):
                self.assertRegex(text, rf"(?m)^{f'.{letter}., ' if letter else ''}\*{option}\*( |$)", command)
            for example in re.findall(r"^  (firn .*)", usage, flags=re.M):
                self.assertIn(f"\n{example}\n", page.stdout)
        for words in (("--manual", "none"), ("--manual", "code", "none"), ("--manual", "code", "find", "more"),
                      ("--manual", "run", "more"), ("--manuals", "code"), ("--completion", "tcsh"),
                      ("--version", "more")):
            self.assert_one_line(firn(*words), 2)

    def test_the_manual_pages_are_such_as_man_shows(self):
        for tool in ("scdoc", "man"):
            if shutil.which(tool) is None:
                self.skipTest(f"there is no {tool}")
        for name in ["", *firn("--manuals").stdout.split("\n")[:-1]]:
            page = subprocess.run(["scdoc"], input=firn("--manual", *name.split()).stdout, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((page.returncode, page.stderr), (0, ""), name)
            shown = subprocess.run(["man", "--warnings", "-l", "-"], input=page.stdout, text=True, check=False,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
            self.assertEqual((shown.returncode, shown.stderr), (0, ""), name)
            self.assertIn(f"firn{'-' if name else ''}{name.replace(' ', '-')}(1)", shown.stdout)

    def test_versions_agree(self):
        run = firn("--version")
        self.assertRegex(run.stdout, r"\Afirn \d+\.\d+\.\d+\n\Z")
        self.assertEqual(run.returncode, 0)

    def test_a_full_disk_fails(self):
        for words in (("--help",), ("--manual",), ("code", "--help"), ("code", "find", "--help")):
            with open("/dev/full", "w", encoding="utf-8") as full:
                self.assert_one_line_on_stderr(firn(*words, stdout=full))

    def test_a_closed_pipe_fails_without_a_word(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = firn("--manual", stdout=writer)
        os.close(writer)
        self.assertEqual((run.returncode, run.stderr), (1, ""), run)

    def assert_one_line_on_stderr(self, run):
        self.assertEqual(run.returncode, 1, run)
        self.assertRegex(run.stderr, r"\Afirn: standard output: [^\n]+\n\Z")


class Results(unittest.TestCase):
    """What an index of a small tree answers, in both forms."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = os.path.join(self.folder.name, "store")
        source = os.path.join(self.folder.name, "source")
        os.mkdir(source)
        with open(os.path.join(source, "a\nb.c"), "w", encoding="utf-8") as file:
            file.write("int snow(void) { return 1; }\nint ice(void) { return snow(); }\n")
        with open(os.path.join(source, os.fsdecode(b"\xff.c")), "w", encoding="utf-8") as file:
            file.write("int firn(void) { return 2; }\n")
        run = firn("code", "index", source, "--store", self.store, "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.index = json.loads(run.stdout)

    def tearDown(self):
        self.folder.cleanup()

    def test_the_index_counts(self):
        self.assertEqual((self.index["files"], self.index["lines"]), (2, 3))
        for key in ("source_bytes", "nodes", "seconds", "peak_rss_bytes", "store_bytes"):
            self.assertGreater(self.index[key], 0, key)

    def test_find_answers_in_one_json_document(self):
        run = firn("code", "find", "snow", "--store", self.store, "--json")
        self.assertEqual(run.returncode, 0)
        self.assertEqual([(row["name"], row["path"], row["line"], row["column"])
                          for row in json.loads(run.stdout)], [("snow", "a\nb.c", 1, 5)])

    def test_a_path_with_a_line_end_stays_on_its_line(self):
        run = firn("code", "find", "snow", "--store", self.store)
        self.assertEqual(run.returncode, 0)
        self.assertIn("a\\nb.c:1:5", run.stdout)

    def test_a_path_that_is_not_utf_8_is_valid_json(self):
        run = firn("code", "find", "firn", "--store", self.store, "--json")
        self.assertEqual(json.loads(run.stdout)[0]["path"], "\ufffd.c")

    def test_what_is_not_found_is_exit_status_1(self):
        run = firn("code", "find", "water", "--store", self.store)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        run = firn("code", "find", "water", "--store", self.store, "--json")
        self.assertEqual((run.returncode, json.loads(run.stdout)), (1, []))

    def test_no_store_is_one_line_and_exit_status_1(self):
        for command in ("find", "refs", "outline", "cat", "tree"):
            run = firn("code", command, "snow", "--store", self.store + "-none")
            self.assertEqual((run.returncode, run.stdout), (1, ""), command)
            self.assertRegex(run.stderr, r"\Afirn: [^\n]+\n\Z")

    def test_nothing_is_coloured_where_nobody_sees_it(self):
        plain = firn("code", "find", "snow", "--store", self.store).stdout
        self.assertNotIn("\033", plain)


if __name__ == "__main__":
    unittest.main()
