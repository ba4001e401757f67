"""docker/haproxy.cfg at work: HAProxy in front of servers on loopback, with a certificate made for the occasion."""
import csv
import os
import pathlib
import shutil
import socket
import subprocess
import time

CONFIGURATION = pathlib.Path(__file__).resolve().parents[2] / "docker" / "haproxy.cfg"
START_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_haproxy():
    return shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")


def make_certificate(folder):
    """PEM with certificate and key, for localhost."""
    key, certificate, both = (os.path.join(folder, name) for name in ("key.pem", "cert.pem", "both.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    with open(both, "wb") as file:
        for part in (certificate, key):
            file.write(pathlib.Path(part).read_bytes())
    return both


class Proxy:
    """`servers` are addresses by number, as in IDIOLECT_REPLICA_1; `variables` are others that the configuration reads."""

    def __init__(self, folder, servers, expect="UP", **variables):
        self.folder, self.port, self.generation = folder, free_port(), 0
        self.process = self.ended = None    # the one before goes on until its clients are gone
        self.certificate, self.variables, self.expect = make_certificate(folder), variables, expect
        self.address = f"localhost:{self.port}"
        self.reload(servers)

    def reload(self, servers):
        """Starts a HAProxy with these servers, which takes over the listening socket of the one before."""
        old, old_socket = self.process, os.path.join(self.folder, f"{self.generation}.sock")
        self.generation += 1
        self.socket = os.path.join(self.folder, f"{self.generation}.sock")
        environment = dict(os.environ, IDIOLECT_FRONTEND=f"127.0.0.1:{self.port}", IDIOLECT_CERTIFICATE=self.certificate,
                           IDIOLECT_PROXY_SOCKET=self.socket, **self.variables)
        environment.update({f"IDIOLECT_REPLICA_{number}": address for number, address in servers.items()})
        command = [find_haproxy(), "-db", "-f", str(CONFIGURATION)]
        if old is not None:
            command += ["-x", old_socket, "-sf", str(old.pid)]
        with open(os.path.join(self.folder, "haproxy.log"), "ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        for number in servers:
            self.await_state(number, self.expect)
        self.ended = old

    def command(self, line):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.socket)
            connection.sendall(line.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def statistics(self):
        """One dictionary a server, by its number."""
        lines = self.command("show stat").lstrip("# ").splitlines()
        return {int(row["svname"][len("replica"):]): row for row in csv.DictReader(lines)
                if row["svname"].startswith("replica")}

    def await_state(self, number, state):
        deadline = time.monotonic() + START_S
        while True:
            row = self.safe_row(number)
            # Before its first check a server counts as up.
            if row and row["status"].split()[0] == state and row["check_status"] not in ("", "INI"):
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"server {number} is {row and row['status']}, not {state}; {self.printed()}")
            time.sleep(0.05)

    def safe_row(self, number):
        try:
            return self.statistics().get(number)
        except OSError:
            return None    # not started yet

    def calls(self):
        """Calls that each server has had."""
        return {number: int(row["stot"]) for number, row in self.statistics().items()}

    def printed(self):
        return pathlib.Path(self.folder, "haproxy.log").read_text()

    def stop(self):
        for process in (self.process, self.ended):
            if process is not None:
                process.kill()
                process.wait()
