#!/usr/bin/env python3
"""Writes what pages are in headless Chromium after they have loaded, beside them.

    make_pages.py [--chromium PROGRAM] [FOLDER PAGE...]

Without a folder: the pages of tests/tabs/pages. They are served as http://page.test/, and have as long
as they want for what they do by timers.
"""
import argparse
import functools
import http.server
import pathlib
import subprocess
import threading


class Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        self.do_GET()

    def do_GET(self):
        if not self.path.startswith("/echo"):
            super().do_GET()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(self.command.encode() + b"\n\n" + body)


def dump(chromium, port, page):
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,720",
               "--virtual-time-budget=200000",
               f"--host-resolver-rules=MAP page.test 127.0.0.1:{port}, MAP dead.invalid ~NOTFOUND", "--dump-dom",
               "http://page.test/" + page]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return done.stdout.decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    folder = pathlib.Path(options.rest[0] if options.rest else pathlib.Path(__file__).parent / "pages")
    pages = options.rest[1:] or [path.name for path in sorted(folder.glob("*.html"))]
    handler = functools.partial(Server, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for page in pages:
            text = dump(options.chromium, server.server_address[1], page)
            start = text.lower().find("<html")
            (folder / page).with_suffix(".txt").write_text(text[start:], encoding="utf-8")
        server.shutdown()


main()
