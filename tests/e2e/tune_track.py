#!/usr/bin/env python3
"""`firn tune track`: what it says of programs whose allocations are known, of threads, processes,
C++, code that is unloaded, other allocators; what cannot be tracked is one line."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from support.firn import FIRN, firn

COUNTS = r"""
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#define KEEP __attribute__((noinline, noclone))
void *volatile sink;
KEEP void churn(void) { for (int i = 0; i < 20000; i++) { sink = malloc(100); free(sink); sink = 0; } }
KEEP void leak(void) { for (int i = 0; i < 300; i++) { sink = malloc(1000); sink = 0; } }
KEEP void peak(void) {
    void *blocks[50];
    for (int i = 0; i < 50; i++) blocks[i] = malloc(20000);
    for (int i = 0; i < 50; i++) free(blocks[i]);
}
KEEP void forms(void) {
    void *block = calloc(10, 30);
    block = realloc(block, 5000);
    block = reallocarray(block, 20, 500);
    free(block);
    if (posix_memalign(&block, 64, 777) != 0) exit(1);
    if (malloc_usable_size(block) < 777) exit(1);
    free(block);
    free(aligned_alloc(4096, 8192));
    free(memalign(64, 640));
    free(valloc(333));
    block = malloc(11);
    if (realloc(block, (size_t)-1 / 2) != 0) exit(1);
    free(block);
    free(0);
}
int main(void) { churn(); leak(); peak(); forms(); return 5; }
"""
# calls and bytes of main's functions
KNOWN = {"churn": (20000, 2000000), "leak": (300, 300000), "peak": (50, 1000000),
         "forms": (8, 300 + 5000 + 10000 + 777 + 8192 + 640 + 333 + 11)}


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keep = tempfile.TemporaryDirectory(prefix="firn-track-test-")
        cls.addClassCleanup(keep.cleanup)
        cls.folder = pathlib.Path(keep.name)
        os.chmod(cls.folder, 0o755)
        cls.counts = cls.compile("counts", source=COUNTS)

    @classmethod
    def compile(cls, name, *flags, source, language="c"):
        program = cls.folder / name
        subprocess.run(["gcc", "-g", "-O1", "-fno-builtin", "-pthread", "-x", language, "-", "-x", "none", "-o",
                        program, *flags],
                       check=True, input=source.encode())
        return program

    def track(self, *words, status=0, **options):
        done = firn("tune", "track", "--json", *words, text=True, **options)
        self.assertEqual(done.returncode, status, done)
        return json.loads(done.stdout)

    def by_function(self, profile, key="bytes"):
        """Sums of the sites in each function that stands right below main, or as deep as there is."""
        sums = {}
        for site in profile["sites"]:
            names = [frame.split(" ")[0] for frame in site["stack"]]
            for name in set(names):
                sums[name] = sums.get(name, 0) + site[key]
        return sums

    def assert_one_line(self, run, *words):
        text = run.stderr if isinstance(run.stderr, str) else run.stderr.decode()
        self.assertRegex(text, r"\Afirn: [^\n]+\n\Z")
        for word in words:
            self.assertIn(str(word), text)


class Figures(Folder):
    def test_exact_figures_are_those_of_the_program(self):
        profile = self.track("--exact", self.counts, status=5)
        self.assertEqual((profile["kind"], profile["version"], profile["sampled"]), ("firn-profile", 3, False))
        calls, sums = self.by_function(profile, "calls"), self.by_function(profile)
        for name, known in KNOWN.items():
            self.assertEqual((calls[name], sums[name]), known, name)
        self.assertEqual(profile["calls"], sum(known[0] for known in KNOWN.values()))
        self.assertEqual(profile["bytes"], sum(known[1] for known in KNOWN.values()))
        self.assertEqual((profile["leaked_bytes"], profile["leaked_calls"]), (300000, 300))
        self.assertEqual(profile["peak_bytes"], 1300000)
        at_peak = self.by_function(profile, "peak_bytes")
        self.assertEqual((at_peak["leak"], at_peak["peak"], at_peak["churn"]), (300000, 1000000, 0))
        self.assertEqual(self.by_function(profile, "leaked_bytes")["leak"], 300000)
        sizes = {slot["bytes"]: slot["calls"] for slot in profile["sizes"]}
        self.assertEqual((sizes[100], sizes[1000], sizes[20480]), (20000, 300, 50))
        self.assertEqual(sum(sizes.values()), profile["calls"])
        at_peak = {slot["bytes"]: (slot["peak_calls"], slot["peak_bytes"]) for slot in profile["sizes"]}
        self.assertEqual((at_peak[100], at_peak[1000], at_peak[20480]), ((0, 0), (300, 300000), (50, 1000000)))
        self.assertEqual(sum(peak for _, peak in at_peak.values()), profile["peak_bytes"])
        self.assertGreater(profile["cpu_seconds"], 0)
        self.assertLess(profile["cpu_seconds"], profile["seconds"] * 2)
        lifetimes = {slot["outlived"]: slot["calls"] for slot in profile["lifetimes"]}
        self.assertEqual(sum(lifetimes.values()), profile["calls"] - 300)
        self.assertGreaterEqual(lifetimes[0], 20001)
        self.assertEqual(lifetimes[63], 18)  # the first 18 of peak's 50 outlive 49 to 32
        self.assertEqual((profile["threads"], profile["lost"]), (1, 0))
        self.assertTrue(any(re.fullmatch(r"churn \(.*:\d+\)", frame)
                            for site in profile["sites"] for frame in site["stack"]))

    def test_sizes_at_the_peak(self):
        program = self.compile("sizes", source="""
            #include <stdlib.h>
            void *volatile blocks[30];
            int main(void) {
                for (int i = 0; i < 10; i++) { blocks[0] = malloc(500); free(blocks[0]); }
                for (int i = 0; i < 30; i++) blocks[i] = malloc(i < 20 ? 500 : 700);
                for (int i = 0; i < 30; i++) free(blocks[i]);
                for (int i = 0; i < 15; i++) blocks[i] = malloc(500);
            }""")
        slots = {slot["bytes"]: slot for slot in self.track("--exact", program)["sizes"]}
        self.assertEqual([slots[500][key] for key in ("calls", "peak_calls", "peak_bytes")], [45, 20, 10000])
        self.assertEqual([slots[700][key] for key in ("calls", "peak_calls", "peak_bytes")], [10, 10, 7000])

    def test_large_blocks_that_firn_run_would_keep(self):
        program = self.compile("large", source="""
            #include <stdlib.h>
            enum { MB = 1 << 20 };
            int main(void) {
                char *volatile blocks[3];
                for (int i = 0; i < 3; i++) blocks[i] = malloc(6 * MB);
                for (int i = 0; i < 3; i++) free(blocks[i]);   /* two are kept */
                blocks[0] = malloc(5 * MB);                    /* in one of them */
                blocks[0] = realloc(blocks[0], 40 * MB);       /* its pages move */
                blocks[1] = malloc(100);
                free(blocks[0]);                               /* too large to be kept */
                blocks[2] = malloc(30 * MB);
            }""")
        for mode in ("--exact", "--interval=16K"):
            profile = self.track(mode, program)
            self.assertLess(abs(profile["peak_bytes"] - (40 << 20)), 20000)
            self.assertLess(abs(profile["kept_peak_bytes"] - (46 << 20)), 20000)

    def test_what_slabs_would_hold(self):
        program = self.compile("spans", source="""
            #include <stdlib.h>
            enum { SPANS = 40, SLOTS = 146 };              /* of 16 KiB, for 97 to 112 bytes */
            void *volatile blocks[SPANS * SLOTS], *volatile last;
            int main(int count, char **words) {
                for (int i = 0; i < SPANS * SLOTS; i++) blocks[i] = malloc(100);
                for (int i = 0; i < SPANS * SLOTS; i++)
                    if (count == 1 || i % SLOTS != 7) free(blocks[i]);
                for (int i = 0; i < 80 * 73; i++) last = malloc(200);  /* 80 more, or in their place */
                last = malloc(100000);
            }""")
        for words, spans in (((), 80 + 7), (("stay",), 120 + 7)):
            profile = self.track("--exact", program, *words)
            self.assertLess(abs(profile["slab_peak_bytes"] / 16384 - spans), 3, words)
            self.assertGreater(profile["malloc_peak_bytes"], 80 * 73 * 208)
        self.assertEqual(self.track("--interval=1K", program)["slab_peak_bytes"], 0)

    def test_sampled_figures_are_within_their_error(self):
        misses = 0
        for _ in range(5):
            profile = self.track("--interval", "4K", self.counts, status=5)
            self.assertEqual(profile["calls"], sum(known[0] for known in KNOWN.values()))
            self.assertEqual(profile["bytes"], sum(known[1] for known in KNOWN.values()))
            for site in profile["sites"]:
                for name in ("churn", "leak", "peak"):
                    if site["stack"][0].startswith(name + " "):
                        self.assertGreaterEqual(site["bytes_error"], 0)
                        misses += abs(site["bytes"] - KNOWN[name][1]) > 3 * site["bytes_error"] + 2
                        misses += abs(site["calls"] - KNOWN[name][0]) > 3 * site["calls_error"] + 2
            self.assertLess(abs(profile["peak_bytes"] - 1300000), 200000)
            self.assertLess(abs(profile["leaked_bytes"] - 300000), 180000)
        self.assertLessEqual(misses, 2)

    def test_all_forms_of_output(self):
        profile, folded, svg = (self.folder / name for name in ("p.json", "folded", "flame.svg"))
        done = firn("tune", "track", "--exact", "-o", profile, "--folded", folded, "--svg", svg, "--", self.counts,
                    text=True)
        self.assertEqual((done.returncode, done.stderr), (5, ""), done)
        self.assertRegex(done.stdout, r"calls +20,358\n")
        self.assertRegex(done.stdout, r"\n2\.00 MB in 20,000 calls, 0 B at the peak, 0 B never freed\n    churn \(")
        written = json.loads(profile.read_text())
        self.assertEqual(written["calls"], 20358)
        lines = folded.read_text().splitlines()
        self.assertEqual(sum(int(line.rsplit(" ", 1)[1]) for line in lines), written["bytes"])
        self.assertTrue(all(line.startswith("counts;") for line in lines))
        root = xml.etree.ElementTree.parse(svg).getroot()
        titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
        self.assertTrue(any(title.startswith("churn (") and "2.00 MB" in title for title in titles), titles)
        self.assertNotRegex(svg.read_text(), r"<script|href=|url\(|@import")

    def test_json_has_standard_output_to_itself(self):
        done = firn("tune", "track", "--json", "--quiet", "sh", "-c", "echo snow", text=True)
        self.assertEqual(json.loads(done.stdout)["kind"], "firn-profile")
        self.assertEqual(done.stderr, "snow\n")


class Programs(Folder):
    def test_threads(self):
        program = self.compile("threads", source="""
            #include <pthread.h>
            #include <stdlib.h>
            void *volatile sink;
            void *work(void *context) {
                for (int i = 0; i < 5000; i++) { void *block = malloc(64); free(block); }
                return malloc(48);
            }
            int main(void) {
                pthread_t threads[40];
                for (int round = 0; round < 3; round++) {
                    for (int i = 0; i < 40; i++) pthread_create(&threads[i], 0, work, 0);
                    for (int i = 0; i < 40; i++) { void *block; pthread_join(threads[i], &block); free(block); }
                }
            }""")
        for mode in ("--exact", "--interval=4K"):
            profile = self.track(mode, program)
            sites = self.by_function(profile, "calls")
            self.assertEqual(profile["threads"], 121)
            self.assertIn(profile["calls"] - 120 * 5001, range(0, 400))
            if mode == "--exact":
                self.assertEqual(sites["work"], 120 * 5001)
                self.assertEqual(self.by_function(profile, "leaked_bytes")["work"], 0)

    def test_children_have_profiles_of_their_own(self):
        program = self.compile("forks", source="""
            #include <stdlib.h>
            #include <sys/wait.h>
            #include <unistd.h>
            void *volatile sink;
            int main(void) {
                void *before = malloc(5000);
                for (int i = 0; i < 3; i++)
                    if (fork() == 0) {
                        free(before);
                        for (int j = 0; j <= i; j++) sink = malloc(7000);
                        _exit(0);
                    }
                while (wait(0) > 0) {}
                free(before);
            }""")
        output = self.folder / "forked.json"
        profile = self.track("--exact", "-o", output, program)
        self.assertEqual((profile["calls"], profile["bytes"], profile["leaked_bytes"]), (1, 5000, 0))
        self.assertEqual(sorted(child["bytes"] for child in profile["processes"]), [7000, 14000, 21000])
        for child in profile["processes"]:
            self.assertEqual(child["file"], f"{output}.{child['pid']}")
            own = json.loads(pathlib.Path(child["file"]).read_text())
            self.assertEqual((own["bytes"], own["leaked_bytes"]), (child["bytes"], child["bytes"]))

    def test_exec_and_what_is_started(self):
        profile = self.track("--exact", "sh", "-c", f"ls / >/dev/null; exec {self.counts}", status=5)
        self.assertEqual(profile["calls"], 20358)
        self.assertTrue({"ls"} <= {child["command"].split("/")[-1] for child in profile["processes"]})

    def test_programs_that_end_in_any_way(self):
        for end, status in (("_exit(3);", 3), ("kill(getpid(), SIGKILL);", 128 + signal.SIGKILL),
                            ("abort();", 128 + signal.SIGABRT), ("quick_exit(4);", 4)):
            program = self.compile("ends", source="""
                #include <signal.h>
                #include <stdlib.h>
                #include <unistd.h>
                void *volatile sink;
                int main(void) { for (int i = 0; i < 100; i++) sink = malloc(900); %s }""" % end)
            for mode in ("--exact", "--interval=1K"):
                profile = self.track(mode, "--quiet", program, status=status, preexec_fn=no_core)
                self.assertEqual((profile["calls"], profile["bytes"]), (100, 90000), end)

    def test_signals_in_the_midst(self):
        program = self.compile("signals", source="""
            #include <signal.h>
            #include <stdlib.h>
            #include <sys/time.h>
            void *volatile sink;
            volatile int alarms;
            void handler(int number) { alarms++; void *block = malloc(40); free(block); }
            __attribute__((noinline)) void raises(void) { raise(SIGUSR1); }
            int main(void) {
                struct itimerval often = {{0, 300}, {0, 300}};
                signal(SIGUSR1, handler);
                raises();
                return alarms != 1;
            }""")
        profile = self.track("--exact", program)
        stacks = [" ".join(site["stack"]) for site in profile["sites"]]
        self.assertTrue(any("handler" in stack and "raises" in stack and "main" in stack for stack in stacks), stacks)

    def test_cxx(self):
        program = self.compile("cxx", "-lstdc++", language="c++", source="""
            #include <new>
            #include <string>
            #include <vector>
            struct alignas(128) wide { char bytes[256]; };
            void *volatile sink;
            int main() {
                for (int i = 0; i < 100; i++) {
                    int *one = new int[25]; sink = one; delete[] one;
                    wide *w = new wide; sink = w; delete w;
                    wide *ws = new wide[2]; sink = ws; delete[] ws;
                    char *n = new (std::nothrow) char[50]; sink = n; delete[] n;
                    std::string *s = new std::string(100, 'x'); sink = s; delete s;
                }
                try { sink = ::operator new((size_t)-1 / 2); } catch (const std::bad_alloc &) { return 7; }
            }""")
        profile = self.track("--exact", program, status=7)
        main = {key: self.by_function(profile, key)["main"] for key in ("calls", "bytes", "leaked_bytes")}
        # an exception is allocated, too
        self.assertIn(main["calls"], range(600, 604))
        self.assertEqual(main["leaked_bytes"], 0)
        self.assertIn(main["bytes"] - 100 * (100 + 256 + 512 + 50 + 32 + 101), range(0, 1000))

    def test_a_program_that_may_write_little_is_not_ended(self):
        done = firn("tune", "track", "--exact", "--quiet", "sh", "-c", f"ulimit -f 100; exec {self.counts}", text=True)
        self.assertEqual((done.returncode, done.stderr), (5, ""), done)

    def test_code_that_is_unloaded(self):
        for name in ("first", "second"):
            self.compile(f"{name}.so", "-shared", "-fPIC", source=f"""
                #include <stdlib.h>
                void *{name}_allocates(void) {{ void *volatile block = malloc(1234); return block; }}
                void *call(void) {{ void *volatile block = {name}_allocates(); return block; }}""")
        program = self.compile("loads", source="""
            #include <dlfcn.h>
            #include <stdlib.h>
            int main(int count, char **words) {
                for (int i = 1; i < count; i++) {
                    void *code = dlopen(words[i], RTLD_NOW);
                    void *(*call)(void) = (void *(*)(void))dlsym(code, "call");
                    free(call());
                    dlclose(code);
                }
            }""")
        words = [self.folder / f"{name}.so" for name in ("first", "second", "first", "second")]
        profile = self.track("--exact", program, *words)
        calls = self.by_function(profile, "calls")
        self.assertEqual((calls["first_allocates"], calls["second_allocates"]), (2, 2))

    def test_other_allocators(self):
        found = [path for name in ("jemalloc.so.2", "tcmalloc_minimal.so.4", "mimalloc.so.2")
                 for path in pathlib.Path("/usr/lib").glob(f"*/lib{name}")]
        if not found:
            self.skipTest("no other allocator is installed")
        for path in found:
            program = self.compile("other", str(path), "-lstdc++", language="c++", source="""
                #include <stdlib.h>
                void *volatile sink;
                int main() {
                    for (int i = 0; i < 1000; i++) {
                        sink = malloc(200); free(sink);
                        char *c = new char[300]; sink = c; delete[] c;
                    }
                }""")
            profile = self.track("--exact", program)
            self.assertEqual(self.by_function(profile, "calls")["main"], 2000, path)
            self.assertEqual(self.by_function(profile, "leaked_bytes")["main"], 0, path)

    def test_real_programs_give_what_they_gave(self):
        words = [str(path) for path in sorted(pathlib.Path("/usr/include").glob("*.h"))[:40]]
        for mode in ("--exact", "--interval=16K"):
            for command in (["sort", *words], ["python3", "-c", "import json; print(json.dumps(list(range(9999))))"],
                            ["perl", "-e", "print join ',', map { $_ x 3 } 1 .. 999; fork; print 1"]):
                plain = subprocess.run(command, capture_output=True, text=True, check=False)
                done = firn("tune", "track", "--json", mode, "--quiet", *command, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, plain.stdout), command[0])
                json.loads(done.stdout)


def no_core():
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Refused(Folder):
    def refused(self, status, *words, **options):
        done = firn("tune", "track", *words, text=True, **options)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done)
        self.assert_one_line(done)
        return done.stderr

    def test_what_cannot_be_tracked_is_one_line(self):
        main = "int main(void) { return 3; }"
        self.assertIn("statically linked", self.refused(1, self.compile("static", "-static", source=main)))
        self.assertIn("no such program", self.refused(127, "none-such"))
        self.assertIn("no allocation", self.refused(1, self.compile("none", source=main)))
        broken = self.folder / "broken"
        broken.write_bytes(b"\x7fELF nothing")
        self.refused(126, broken)
        other = self.folder / "ld-other.so.1"
        loader = re.search(rb"/lib[\w./-]*/ld-linux[\w.-]*", pathlib.Path("/bin/sh").read_bytes())
        other.symlink_to(loader.group().decode())
        foreign = self.compile("foreign", f"-Wl,--dynamic-linker={other}", source=main)
        self.assertIn("another machine", self.refused(1, foreign))

    @unittest.skipIf(os.geteuid() != 0, "needs root to give a file away")
    def test_a_program_that_gains_privileges(self):
        program = self.compile("privileged", source="int main(void) { return 3; }")
        os.chown(program, 65534, 65534)
        program.chmod(0o4755)
        self.assertIn("privileges", self.refused(1, program))

    def test_wrong_usage_and_outputs(self):
        for words in ((), ("--exact", "--interval", "5", "ls"), ("--interval", "0", "ls"), ("--none", "ls")):
            self.refused(2, *words)
        for option in ("-o", "--folded", "--svg"):
            self.assertIn("none/x", self.refused(1, option, self.folder / "none" / "x", "ls"))
        self.refused(1, "ls", env={**os.environ, "TMPDIR": "/nowhere"})

    def test_no_symbols_are_told(self):
        program = self.compile("stripped", "-s", source=COUNTS)
        done = firn("tune", "track", program, text=True)
        self.assertEqual(done.returncode, 5)
        self.assert_one_line(done, "stripped", "no name", "-dbgsym", "-g")
        few = self.compile("few", "-s", source="#include <stdlib.h>\nvoid *volatile a;\n"
                           "int main(void) { for (int i = 0; i < 9000; i++) a = malloc(99); }")
        self.assert_one_line(firn("tune", "track", few, text=True), "few", "100 %", "no name")

    def test_no_lines_are_told(self):
        program = self.compile("lineless", "-g0", source=COUNTS)
        done = firn("tune", "track", program, text=True)
        self.assertEqual(done.returncode, 5)
        self.assert_one_line(done, "lineless", "no lines", "-g")
        self.assertEqual(firn("tune", "track", "--quiet", program, text=True).stderr, "")

    def test_programs_of_other_machines(self):
        head = (self.folder / "counts").read_bytes()
        for at, value in ((18, 183), (4, 1), (5, 2)):  # the machine; 32 bits; the order of bytes
            other = self.folder / "other"
            other.write_bytes(head[:at] + bytes([value]) + head[at + 1:])
            other.chmod(0o755)
            self.assertIn("another machine", self.refused(1, other))
            done = firn("tune", "memory", "--", other, text=True)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assert_one_line(done, "other", "another machine")

    def test_nothing_is_left_behind(self):
        scratch = self.folder / "scratch"
        scratch.mkdir()
        self.track(self.counts, status=5, env={**os.environ, "TMPDIR": str(scratch)})
        self.assertEqual(list(scratch.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
