#!/usr/bin/env python3
"""`firn run`: real programs in both modes give what they give without it; statuses, signals and the
environment pass through; what cannot be done is one line."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from support.firn import FIRN, firn

LIBRARY = os.environ.get("FIRN_RUN_LIBRARY", os.path.join(os.path.dirname(FIRN), "libfirn-run.so"))
SUPPORT = pathlib.Path(__file__).parent / "support"
MODES = ("compiler", "runtime")
SEEDS = 24
# Such a firn does not start itself when a library is preloaded; tests/package runs these tests, too.
SANITIZED = b"__asan_init" in pathlib.Path(FIRN).read_bytes()


def run(mode, *words, **options):
    return firn("run", "--mode", mode, "--", *words, **options)


def plain(*words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    return subprocess.run(words, check=False, **options)


class Folder(unittest.TestCase):
    """Tests with a folder of their own."""

    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="firn-run-")
        cls.addClassCleanup(cls.keep.cleanup)
        cls.folder = pathlib.Path(cls.keep.name)
        os.chmod(cls.folder, 0o755)

    @classmethod
    def compile(cls, name, *flags, source="int main(void) { return 3; }"):
        program = cls.folder / name
        subprocess.run(["gcc", "-O2", "-pthread", "-x", "c", "-", "-o", program, *flags], check=True,
                       input=source.encode())
        return program

    def assert_one_line(self, run, *words):
        text = run.stderr if isinstance(run.stderr, str) else run.stderr.decode()
        self.assertRegex(text, r"\Afirn: [^\n]+\n\Z")
        for word in words:
            self.assertIn(str(word), text)


class PassesThrough(Folder):
    def test_exit_statuses_and_signals(self):
        for mode in MODES:
            for status in (0, 1, 2, 7, 127, 255):
                self.assertEqual(run(mode, "sh", "-c", f"exit {status}").returncode, status)
            for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
                done = run(mode, "sh", "-c", f"ulimit -c 0; kill -{number.value} $$")
                self.assertEqual(done.returncode, -number)

    def test_no_process_and_no_signal_of_firn_remains(self):
        process = subprocess.Popen([FIRN, "run", "sh", "-c", "echo $$"], stdout=subprocess.PIPE)
        self.assertEqual(int(process.communicate()[0]), process.pid)
        process = subprocess.Popen([FIRN, "run", "yes"], stdout=subprocess.PIPE, restore_signals=True)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.wait(60), -signal.SIGPIPE)

    def test_input_output_arguments_and_descriptors(self):
        done = subprocess.run([FIRN, "run", "--mode=runtime", "cat"], input=b"snow\0\xff\n",
                              stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, b"snow\0\xff\n")
        words = ["--json", "--", "-x", "a b", "", "\u00e9"]
        done = firn("run", "printf", "[%s]", *words, text=True)
        self.assertEqual(done.stdout, "".join(f"[{word}]" for word in words))
        done = firn("run", "ls", "/proc/self/fd", text=True)
        self.assertEqual(done.stdout.split(), ["0", "1", "2", "3"])  # 3 is the folder

    def environment(self, *words, **given):
        done = subprocess.run([FIRN, "run", *words, "env", "-0"], stdout=subprocess.PIPE, check=True,
                              env={**os.environ, **given})
        return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)

    def test_the_environment(self):
        before = {"SNOW": "white", "FIRN_RUN_CEILING": "12345"}
        after = self.environment(**before)
        self.assertEqual(after["LD_PRELOAD"], LIBRARY)
        self.assertEqual(after["FIRN_RUN_MODE"], "runtime")
        self.assertEqual({key: after[key] for key in before}, before)
        after = self.environment("--mode", "compiler", "--ceiling", "2M", **before)
        self.assertEqual((after["FIRN_RUN_MODE"], after["FIRN_RUN_CEILING"]), ("compiler", "2097152"))

    @unittest.skipIf(SANITIZED, "firn is sanitized")
    def test_what_is_preloaded_already_stays_behind(self):
        other = self.compile("other.so", "-shared", "-fPIC", source="int other;")
        for given in (other, f"{other}:{LIBRARY}", f"{LIBRARY} {other}", f":{other}:"):
            after = self.environment(LD_PRELOAD=str(given))
            self.assertEqual(after["LD_PRELOAD"], f"{LIBRARY}:{other}")

    @unittest.skipIf(SANITIZED, "firn is sanitized")
    def test_a_run_inside_a_run(self):
        done = plain(FIRN, "run", "--mode", "compiler", "--stats", "--json", FIRN, "run", "--mode",
                     "runtime", "env")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(f"LD_PRELOAD={LIBRARY}\n", done.stdout.decode())
        self.assertEqual(json.loads(done.stderr)["mode"], "runtime")


class CannotRun(Folder):
    def test_what_is_not_there_is_127_and_what_cannot_be_run_126(self):
        empty = self.folder / "no-program"
        empty.write_bytes(b"\x7fELF nothing")
        for words, status in ((["none-such"], 127), (["./none-such"], 127), ([self.folder], 126),
                              ([empty], 126)):
            done = firn("run", *words)
            self.assertEqual(done.returncode, status, done)
            self.assert_one_line(done, words[0])
        done = firn("run", "ls", env={})  # no PATH: where the system has its programs
        self.assertEqual(done.returncode, 0, done)
        done = firn("run", "ls", env={"PATH": "/nowhere::/none"})
        self.assertEqual(done.returncode, 127, done)

    def test_wrong_usage_is_2(self):
        for words in ((), ("--mode", "none", "ls"), ("--mode",), ("--ceiling", "x", "ls"), ("--none", "ls"),
                      ("--ceiling", "5M", "ls"), ("--mode", "runtime", "--ceiling", "5M", "ls")):
            done = firn("run", *words)
            self.assertEqual(done.returncode, 2, done)
            self.assert_one_line(done)
            self.assertEqual(done.stdout, b"")

    def test_a_file_for_summaries_that_cannot_be_written_is_1(self):
        done = firn("run", "--stats-file", self.folder / "none" / "file", "echo", "snow")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assert_one_line(done, "none/file")

    def test_no_library_is_1(self):
        alone = self.folder / "alone"
        alone.mkdir()
        shutil.copy(FIRN, alone / "firn")
        done = plain(alone / "firn", "run", "echo", "snow")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assert_one_line(done, "libfirn-run.so")
        blank = self.folder / "with blank"
        blank.mkdir()
        shutil.copy(FIRN, blank / "firn")
        shutil.copy(LIBRARY, blank / "libfirn-run.so")
        done = plain(blank / "firn", "run", "echo", "snow")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assert_one_line(done, "with blank", "loader")

    def test_settings_that_make_no_sense_are_told_and_not_taken(self):
        for name in ("FIRN_RUN_MODE", "FIRN_RUN_CEILING", "FIRN_RUN_STATS"):
            done = plain("ls", "/", env={**os.environ, "LD_PRELOAD": LIBRARY, "FIRN_RUN_MODE": "compiler",
                                         name: "12x"})
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stderr.decode(), rf"\Afirn run: {name}: [^\n]+\n\Z")


class WhereNothingIsPreloaded(Folder):
    def assert_runs_with_a_remark(self, program, *words):
        done = firn("run", program)
        self.assertEqual(done.returncode, 3, done)
        self.assert_one_line(done, program, *words)
        done = firn("run", "--quiet", program)
        self.assertEqual((done.returncode, done.stderr), (3, b""), done)

    def test_a_static_program(self):
        program = self.compile("static", "-static")
        self.assert_runs_with_a_remark(program, "statically linked")
        script = self.folder / "script"
        script.write_text(f"#! {program} -x\n")
        script.chmod(0o755)
        self.assert_runs_with_a_remark(script, "statically linked")

    @unittest.skipIf(os.geteuid() != 0, "needs root to give a file away")
    def test_a_program_that_gains_privileges(self):
        program = self.compile("privileged")
        os.chown(program, 65534, 65534)
        program.chmod(0o4755)
        self.assert_runs_with_a_remark(program, "privileges")

    def test_a_program_for_another_c_library(self):
        other = self.folder / "ld-other.so.1"
        loader = re.search(rb"/lib[\w./-]*/ld-linux[\w.-]*", pathlib.Path("/bin/sh").read_bytes())
        other.symlink_to(loader.group().decode())
        program = self.compile("foreign", f"-Wl,--dynamic-linker={other}")
        self.assert_runs_with_a_remark(program, "C library")

    def test_a_dynamic_program_and_a_script_need_no_remark(self):
        for program in (self.compile("dynamic"), self.compile("pie", "-fPIE", "-pie")):
            done = firn("run", program)
            self.assertEqual((done.returncode, done.stderr), (3, b""), done)
        script = self.folder / "plain"
        script.write_text("#!/bin/sh\nexit 3\n")
        script.chmod(0o755)
        done = firn("run", script)
        self.assertEqual((done.returncode, done.stderr), (3, b""), done)


class Summaries(Folder):
    KEYS = {"command", "pid", "mode", "user_seconds", "system_seconds", "peak_rss_bytes", "allocations",
            "frees", "never_freed", "resizes", "resizes_in_place", "arena_bytes", "slab_live_bytes",
            "slab_held_bytes", "large_live_bytes", "large_kept_bytes", "heaps"}

    def test_a_table_or_a_line_of_json_on_stderr(self):
        for mode in MODES:
            done = firn("run", "-m", mode, "--stats", "sort", __file__, text=True)  # closes its stderr
            self.assertEqual(done.returncode, 0)
            self.assertTrue(done.stderr.startswith("firn run:\n"), done.stderr)
            self.assertRegex(done.stderr, r"\ncommand +sort\n")
            self.assertLess(len(done.stderr.split("\n")), 22)
            done = firn("run", "-m", mode, "--stats", "--json", "sort", __file__, text=True)
            summary = json.loads(done.stderr)
            self.assertEqual(set(summary), self.KEYS)
            self.assertEqual((summary["command"], summary["mode"]), ("sort", mode))
            self.assertEqual(summary["allocations"] - summary["frees"], summary["never_freed"])
            self.assertEqual(summary["arena_bytes"] > 0, mode == "compiler")

    def test_what_is_counted(self):
        program = self.compile("counts", "-fno-builtin", source="""
            #include <stdlib.h>
            int main(void) {
                for (int i = 0; i < 5000; i++) free(malloc(100));
                for (int i = 0; i < 1000; i++) (void)!calloc(1, 100);
                char *block = malloc(10), *large = malloc(20000000);
                for (int i = 0; i < 10; i++) block = realloc(block, 10 + i);
                large[0] = 1;
            }""")
        for mode in MODES:
            done = firn("run", "-m", mode, "--stats", "--json", program)
            summary = json.loads(done.stderr)
            self.assertIn(summary["allocations"], range(6002, 6012))
            self.assertIn(summary["frees"], range(5000, 5010))
            self.assertEqual(summary["resizes"], 10)
            self.assertGreaterEqual(summary["resizes_in_place"], 9)
            self.assertIn(summary["large_live_bytes"], range(20000000, 20010000))
            self.assertEqual(summary["heaps"], 1)

    def test_every_process_adds_a_line_to_the_file(self):
        done = firn("run", "--stats-file", "lines", "perl", "-e", "system('cat', '/dev/null') for 1 .. 3; chdir '/'",
                    cwd=self.folder)
        self.assertEqual(done.returncode, 0, done)
        lines = [json.loads(line) for line in (self.folder / "lines").read_text().splitlines()]
        self.assertEqual(sorted(line["command"] for line in lines), ["cat", "cat", "cat", "perl"])
        self.assertEqual(len({line["pid"] for line in lines}), 4)

    def test_only_the_program_itself_writes_to_stderr(self):
        done = firn("run", "--stats", "--json", "python3", "-c",
                    "import os, subprocess\n"
                    "subprocess.run(['ls', '/'])\n"
                    "if os.fork() == 0: raise SystemExit(0)\n"
                    "os.wait()")
        self.assertEqual(json.loads(done.stderr)["command"], "python3")

    def test_a_program_that_closed_all_has_no_summary_elsewhere(self):
        target = self.folder / "target"
        program = self.compile("closer", source="""
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <unistd.h>
            int main(int count, char **words) {
                close_range(0, ~0u, 0);
                for (int i = 0; i < 200; i++) (void)open(words[count - 1], O_WRONLY | O_CREAT, 0666);
            }""")
        done = firn("run", "--stats", program, target)
        self.assertEqual((done.returncode, done.stderr, target.read_bytes()), (0, b"", b""))


class RealPrograms(Folder):
    """What they print is what they print on the C library's allocator."""

    def same(self, *words, **options):
        without = plain(*words, **options)
        self.assertEqual(without.returncode, 0, without)
        for mode in MODES:
            done = run(mode, *words, **options)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, without.stdout, without.stderr), words)

    def test_tools(self):
        words = sorted(pathlib.Path("/usr/include").glob("*.h"))[:60]
        self.same("sort", *words)
        self.same("sh", "-c", "cat \"$@\" | sort | uniq -c | sort -rn | head -n 20", "sh", *words)
        self.same("sh", "-c", "cat \"$@\" | gzip -9 | gzip -d | md5sum", "sh", *words)
        self.same("tar", "-C", "/usr/include", "-cf", "-", "linux")
        self.same("awk", "{ n[$1] += NF } END { for (i in n) s += n[i]; print s, length(n) }", *words)
        self.same("bash", "-c", "for i in {1..20000}; do a[$i]=x$i; done; echo ${#a[@]} ${a[777]}")

    def test_perl(self):
        self.same("perl", "-e", "my %h; $h{$_ % 5003} .= chr(65 + $_ % 26) for 1 .. 300000;"
                                "print join(',', map { length $h{$_} } sort { $a <=> $b } keys %h);")

    def test_python_with_threads_and_processes(self):
        self.same(sys.executable, "-c", """
import collections, json, subprocess, threading, zlib
def work(number, results):
    text = json.dumps([{str(i): [i] * (i % 50)} for i in range(3000)])
    results[number] = zlib.crc32(zlib.decompress(zlib.compress(text.encode())))
results = {}
threads = [threading.Thread(target=work, args=(i, results)) for i in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(results.items()))
print(subprocess.run(['sort', '-r', '/etc/passwd'], capture_output=True, text=True).stdout)
import multiprocessing
with multiprocessing.get_context('fork').Pool(3) as pool:
    print(pool.map(len, [list(range(i * 1000)) for i in range(20)]))
""")

    def test_gcc(self):
        source = self.folder / "hello.c"
        source.write_text("#include <stdio.h>\nint main(void) { puts(\"snow\"); return 0; }\n")
        for mode in MODES:
            done = run(mode, "gcc", "-O2", "-o", self.folder / "hello", source)
            self.assertEqual((done.returncode, done.stderr), (0, b""), done)
            self.same(self.folder / "hello")
        self.same("gcc", "-O2", "-S", "-o", "-", SUPPORT / "torture.c")

    def test_git(self):
        repository = self.folder / "repository"
        subprocess.run(["git", "init", "-q", repository], check=True)
        script = "".join(
            f"commit refs/heads/x\ncommitter A <a@b> {i} +0000\ndata 5\nsnow\nM 644 inline f{i % 7}\n"
            f"data {len(text)}\n{text}\n" for i in range(300) for text in ["line\n" * (i % 50) + str(i)])
        subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], input=script.encode(), check=True)
        self.same("git", "-C", repository, "log", "--stat", "-p", "x")
        for mode in MODES:
            done = run(mode, "git", "-C", repository, "-c", "pack.threads=2", "repack", "-adfq")
            self.assertEqual((done.returncode, done.stderr), (0, b""), done)
            self.same("git", "-C", repository, "fsck", "--full", "--no-progress")

    @unittest.skipIf(shutil.which("node") is None, "no node")
    def test_node(self):
        self.same("node", "-e", "const a = []; for (let i = 0; i < 2e5; i++) a.push({i, s: 'x' + i});"
                                "console.log(JSON.stringify(a).length, Buffer.alloc(5e6).length)")

    def test_little_address_space(self):
        for mode in MODES:
            done = run(mode, "sh", "-c", "ulimit -v 600000; exec sort -r /etc/passwd")
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(done.stdout, plain("sort", "-r", "/etc/passwd").stdout)


class Torture(Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.torture = cls.compile("torture", source=(SUPPORT / "torture.c").read_text())

    def assert_passes(self, mode, *words):
        done = run(mode, self.torture, *words, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, b""), (mode, words, done))

    def test_random_work_on_threads_that_fork_and_end(self):
        first = int(os.environ.get("FIRN_SEED", os.getpid() * 1000))
        print(f"torture: FIRN_SEED={first}")
        for seed in range(first, first + SEEDS):
            self.assert_passes(MODES[seed % 2], str(seed))

    def test_memory_that_is_locked(self):
        for mode in MODES:
            self.assert_passes(mode, "lock")

    def test_what_cannot_be_given(self):
        for mode in MODES:
            self.assert_passes(mode, "sizes")

    def test_a_double_free_ends_the_program_with_one_line(self):
        for mode in MODES:
            done = run(mode, "sh", "-c", "ulimit -c 0; exec \"$0\" twice", self.torture)
            self.assertEqual(done.returncode, -signal.SIGABRT, done)
            self.assertRegex(done.stderr.decode(), r"\Afirn run: free\(\): 0x[0-9a-f]+ [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
