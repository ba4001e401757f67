"""A PostgreSQL of the test's own, on loopback."""
import os
import pwd
import shutil
import subprocess
import time

from haproxy import free_port

PROGRAMS = "/usr/lib/postgresql/15/bin"
START_S = 60


def is_installed():
    return os.path.exists(f"{PROGRAMS}/initdb")


class Postgres:
    def __init__(self, folder):
        self.data = os.path.join(folder, "postgres")
        self.port = free_port()
        os.mkdir(self.data, 0o700)
        self.unprivileged = []
        if os.geteuid() == 0:    # as which PostgreSQL refuses to run
            user = pwd.getpwnam("postgres")
            os.chmod(folder, 0o711)
            os.chown(self.data, user.pw_uid, user.pw_gid)
            self.unprivileged = [shutil.which("setpriv"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                                 "--clear-groups"]
        self.run("initdb", "--pgdata", self.data, "--username", "idiolect", "--auth", "trust", "--no-sync")
        self.process = subprocess.Popen(
            [*self.unprivileged, f"{PROGRAMS}/postgres", "-D", self.data, "-p", str(self.port), "-h", "127.0.0.1",
             "-k", "", "-c", "max_connections=200"], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.await_ready()
        self.url = f"postgres://idiolect@127.0.0.1:{self.port}/postgres"

    def run(self, program, *arguments):
        subprocess.run([*self.unprivileged, f"{PROGRAMS}/{program}", *arguments], cwd="/", check=True,
                       stdout=subprocess.DEVNULL)

    def await_ready(self):
        deadline = time.monotonic() + START_S
        while subprocess.run([f"{PROGRAMS}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("PostgreSQL did not start")
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()    # «smart»: waits for its clients, so they have to be gone
        try:
            self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
