#!/usr/bin/env python3
"""Types at firn-lisp through a terminal: editing, history, errors, interrupts, running out of memory.

    repl.py PROGRAM
"""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

PROMPT = "lisp> "
SECONDS = 60


class Terminal:
    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            os.execv(command[0], command)
        self.wait_for(PROMPT)

    def wait_for(self, what, again=None):
        """What is printed until `what` ends it; the keys `again` are typed each second until then."""
        text, end = "", time.monotonic() + SECONDS
        while not text.endswith(what):
            left = max(0, end - time.monotonic())
            ready, _, _ = select.select([self.fd], [], [], left if again is None else min(left, 1))
            if again is not None and not ready and left > 0:
                os.write(self.fd, again)
                continue
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:  # the other end is closed
                data = b""
            if not data:
                sys.exit(f"no {what!r} came, but {text[-500:]!r}")
            text += data.decode(errors="replace")
        if what.endswith("> "):
            self.wait_for_editing()
        return text

    def wait_for_editing(self):
        """Until the line editor has the terminal: what is typed before is echoed as it comes."""
        end = time.monotonic() + 5
        while termios.tcgetattr(self.fd)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.005)

    def type(self, keys, end=PROMPT):
        os.write(self.fd, keys.encode())
        return self.wait_for(end)

    def interrupt(self, answer=""):
        """Types ^C, as a user again when it came just before the program waited or worked."""
        os.write(self.fd, b"\x03")
        text = self.wait_for(PROMPT, again=b"\x03")
        if answer not in text.replace("\r", ""):
            sys.exit(f"^C was answered by {text!r}, not {answer!r}")

    def expect(self, keys, answer, end=PROMPT):
        text = self.type(keys, end)
        if answer not in text.replace("\r", ""):
            sys.exit(f"{keys!r} was answered by {text!r}, not {answer!r}")

    def close(self):
        os.write(self.fd, b"\x04")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def converse(program):
    t = Terminal(program, "-m", "32")
    t.expect("(+ 1 2)\n", "\n3\n")
    t.expect("(define x 5) (* x x) 'y\n", "\n25\ny\n")
    # editing: to the beginning, one forward, delete, insert; backspace; what was typed before
    t.expect("(z+ 20 22)\x01\x06\x04\n", "\n42\n")
    t.expect("(+ 20 23\x7f4)\n", "\n44\n")
    t.expect("\x1b[A\n", "\n44\n")
    # a datum over several lines
    t.type("(list 1\n", "....> ")
    t.expect("\"a\nb\" 2)\n", '\n(1 "a\\nb" 2)\n')
    # bad input: the rest of its line is dropped
    t.expect("(+ 1 2)) (car 7)\n", "error: an unexpected )\n")
    t.expect("(car 5) (display 'not-read)\n", "error: car: not a pair: 5\n" + PROMPT)
    t.expect("nothing-has-this-name\n", "error: no value has the name nothing-has-this-name\n")
    t.expect("(raise 42)\n", "error: raised 42\n")
    t.expect("(+ 1 \"2\")\n", 'error: +: not a number: "2"\n')
    t.expect("(define (deep n) (+ 1 (deep n))) (deep 0)\n", "error: nested too deeply\n")
    t.expect("(" * 300 + ")" * 300 + "\n", "error: not a procedure: ()\n")
    t.expect("(let loop ((l '())) (loop (cons 1 l)))\n", "error: out of memory\n")
    t.expect("(define c (list 1 2)) (set-cdr! (cdr c) c) c\n", "\n(1 2 1 ...)\n")
    t.expect("(+ 1 2)\n", "\n3\n")
    # interrupts: of a line, of a datum, of a program, of one that catches errors
    os.write(t.fd, b"(half a line")
    t.interrupt()
    t.expect("(+ 1 2)\n", "\n3\n")
    t.type("(list 1\n", "....> ")
    t.interrupt()
    t.expect("(+ 1 2)\n", "\n3\n")
    for endless in ("(let loop () (loop))", "(let loop () (try (lambda () (loop)) list) (loop))"):
        os.write(t.fd, (endless + "\n").encode())
        time.sleep(0.5)
        t.interrupt("error: interrupted\n")
    t.expect("(room)\n", "pair objects")
    if t.close() != 0:
        sys.exit("leaving by ^D is no success")
    t = Terminal(program)
    os.write(t.fd, b"(exit 3)\n")
    if t.close() != 3:
        sys.exit("(exit 3) leaves with another status")


def run(program, text, *options):
    run = subprocess.run([program, *options], input=text.encode(), capture_output=True, timeout=SECONDS)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def scripts(program):
    """Without a terminal there is no prompt, and the first error ends the program."""
    cases = [
        (("(display (+ 1 2))",), (0, "3", "")),
        (("(display 1)\n\n(car\n 5)\n(display 2)",), (1, "1", "standard input:3: error: car: not a pair: 5\n")),
        (("(list 1\n(list 2)\n",), (1, "", "standard input:3: error: a list that does not end\n")),
        (("#bad",), (1, "", "standard input:1: error: a # that begins nothing\n")),
        (("'",), (1, "", "standard input:1: error: nothing to quote\n")),
        (('"abc',), (1, "", "standard input:1: error: a string that does not end\n")),
        (("(1 . )",), (1, "", "standard input:1: error: an unexpected .\n")),
        (("(1 . 2 3)",), (1, "", "standard input:1: error: an unexpected .\n")),
        (("(. 1)",), (1, "", "standard input:1: error: an unexpected .\n")),
        ((". 1",), (1, "", "standard input:1: error: an unexpected .\n")),
        (("(quote ')",), (1, "", "standard input:1: error: nothing to quote\n")),
        (("a" * 300,), (1, "", "standard input:1: error: a name that is too long\n")),
        (("(" * 1000000,), (1, "", "standard input:1: error: nested too deeply\n")),
        (("'" * 1000000,), (1, "", "standard input:1: error: nested too deeply\n")),
        (("(raise 'x)",), (1, "", "standard input:1: error: raised x\n")),
        (("(exit 7)",), (7, "", "")),
        (("", "no-such-file"), (1, "", 'error: load: No such file or directory: "no-such-file"\n')),
    ]
    for given, expected in cases:
        got = run(program, *given)
        if got != expected:
            sys.exit(f"{given[0][:100]!r} gave {got}, not {expected}")
    for options in (("-m", "8"), ("-x",), ("-m",), ("-m", "many")):
        if run(program, "", *options)[0] != 2:
            sys.exit(f"{options} are taken")


if __name__ == "__main__":
    signal.alarm(110)
    scripts(os.path.abspath(sys.argv[1]))
    converse(os.path.abspath(sys.argv[1]))
    print("all as expected")
