"""An nginx with the servers that a test writes, on ports that are free."""

import contextlib
import os
import socket
import subprocess
import time


class Nginx:
    """servers: texts of `server` blocks without their `listen`; those whose numbers stand in ssl speak TLS."""

    def __init__(self, folder, servers, ssl=()):
        folder.mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in servers]
            self.ports = [one.getsockname()[1] for one in free]
        blocks = "".join(f"server {{ listen 127.0.0.1:{port}{' ssl' if i in ssl else ''}; {text} }}\n"
                         for i, (port, text) in enumerate(zip(self.ports, servers)))
        configuration = folder / "nginx.conf"
        configuration.write_text(f"""
            daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
            {"user root;" if os.geteuid() == 0 else ""}
            events {{ worker_connections 128; }}
            http {{
                access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
                fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
                {blocks}
            }}""")
        self.process = subprocess.Popen(["nginx", "-c", configuration], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for port in self.ports:
            for _ in range(500):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.01)

    def end(self):
        self.process.terminate()
        self.process.wait(30)
