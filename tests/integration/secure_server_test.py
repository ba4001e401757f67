#!/usr/bin/env python3
"""A server that is open to others, as an operator sets it up: TLS, API keys, an audit log.

    secure_server_test.py --binary build/bin/idiolect --model DIR

Makes certificates with openssl and keys with `idiolect keys`, starts `idiolect serve` on a free port, uses it with the
client verbs, and looks at it as somebody does who has no key. Needs openssl and the Python package grpc.
"""
import argparse
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import raw_http2

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S, STOP_S, CALL_S = 120, 60, 60
ARGS = None
ANN_SAID = [("coffee?", "always. dude. always."), ("did the build pass?", "one test short of done")]


def run(*arguments, env=None, check=True):
    """`idiolect ARGUMENTS…`"""
    result = subprocess.run([ARGS.binary, *map(str, arguments)], capture_output=True, text=True, timeout=CALL_S,
                            env={**os.environ, **(env or {})})
    if check and result.returncode != 0:
        raise AssertionError(f"idiolect {' '.join(map(str, arguments))}: {result.stderr}")
    return result


def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=text, capture_output=True, text=True, errors="replace",
                          timeout=CALL_S)


class SecureServer:
    def __init__(self, folder):
        self.folder = folder
        self.process = None
        made = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                       "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=localhost",
                       "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        assert made.returncode == 0, made.stderr
        self.keys = {}
        for name, tenant, scopes in [("backend", "acme", "reply,history.write,history.read"),
                                     ("reader", "acme", "history.read"), ("rival", "rival", "history.read,reply")]:
            self.keys[name] = run("keys", "create", "--file", folder / "keys.jsonl", "--tenant", tenant, "--scopes",
                                  scopes, "--note", name).stdout.strip()

    def start(self):
        folder = self.folder
        log = open(folder / "server.log", "a")
        self.process = subprocess.Popen(
            [ARGS.binary, "serve", "--model", ARGS.model, "--store", f"sqlite:{folder / 'idiolect.db'}", "--listen",
             "0.0.0.0:0", "--tls-cert", folder / "cert.pem", "--tls-key", folder / "key.pem", "--api-keys-file",
             folder / "keys.jsonl", "--audit-file", folder / "audit.jsonl"],
            stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        watchdog = threading.Timer(START_S, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.port = int(line.rsplit(":", 1)[1])
                break
        else:
            raise AssertionError("the server did not start:\n" + (folder / "server.log").read_text())
        watchdog.cancel()

    def stop(self, kill=False):
        (self.process.kill if kill else self.process.terminate)()
        code = self.process.wait(STOP_S)
        self.process.stdout.close()
        return code

    def environment(self, key=""):
        return {"IDIOLECT_SERVER": f"localhost:{self.port}", "IDIOLECT_SERVER_CA": str(self.folder / "cert.pem"),
                "IDIOLECT_API_KEY": self.keys.get(key, key)}


class SecureServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.holder.name)
        cls.server = SecureServer(cls.folder)
        cls.server.start()
        history = cls.folder / "ann.jsonl"
        history.write_text("".join(json.dumps({"user": "ann", "post": post, "response": response, "time": 1767600000 + i})
                                   + "\n" for i, (post, response) in enumerate(ANN_SAID)))
        run("import", history, env=cls.server.environment("backend"))

    @classmethod
    def tearDownClass(cls):
        try:
            assert cls.server.stop() == 0
        finally:
            cls.holder.cleanup()

    def verb(self, key, *arguments, check=True):
        return run(*arguments, env=self.server.environment(key), check=check)

    def test_the_verbs_work_over_tls_with_a_key(self):
        self.assertTrue(self.verb("backend", "ask", "--user", "ann", "coffee?").stdout.strip())
        exported = self.verb("reader", "export", "--user", "ann").stdout
        self.assertEqual([json.loads(line)["response"] for line in exported.splitlines()], [r for _, r in ANN_SAID])
        self.assertEqual(self.verb("rival", "export", "--all").stdout, "")
        self.assertEqual(self.verb("backend", "status").returncode, 0)

    def test_what_a_key_may_not_is_said(self):
        denied = self.verb("reader", "ask", "--user", "ann", "coffee?", check=False)
        self.assertEqual(denied.returncode, 1)
        self.assertIn("the API key has not the scope reply", denied.stderr)
        for key in ["", "idk_0123456789ab_nonsense"]:
            denied = self.verb(key, "users", check=False)
            self.assertEqual(denied.returncode, 1)
            self.assertIn("a valid API key is needed", denied.stderr)
            self.assertIn("IDIOLECT_API_KEY", denied.stderr)

    def test_without_trust_there_is_no_call(self):
        other = self.folder / "other.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                "-keyout", self.folder / "other.key", "-out", other, "-subj", "/CN=localhost")
        for ca in [str(other), ""]:
            denied = run("users", "--timeout", "5", env={**self.server.environment("reader"), "IDIOLECT_SERVER_CA": ca},
                         check=False)
            self.assertEqual(denied.returncode, 1)
            self.assertNotIn("ann", denied.stdout)

    def test_a_revoked_key_ends_within_seconds(self):
        key = run("keys", "create", "--file", self.folder / "keys.jsonl", "--tenant", "acme", "--scopes",
                  "history.read").stdout.strip()
        deadline = time.time() + 30
        while self.verb(key, "users", check=False).returncode != 0:
            self.assertLess(time.time(), deadline, "the new key was not taken up")
        run("keys", "revoke", "--file", self.folder / "keys.jsonl", key.split("_")[1])
        while self.verb(key, "users", check=False).returncode == 0:
            self.assertLess(time.time(), deadline + 30, "the key is still valid")

    def test_protocols_and_ciphers(self):
        address = f"localhost:{self.server.port}"
        for version, good in [("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False), ("-tls1", False)]:
            seen = openssl("s_client", "-connect", address, version, "-cipher", "ALL:@SECLEVEL=0", "-alpn", "h2",
                           "-CAfile", self.folder / "cert.pem", text="")
            self.assertEqual("Verify return code: 0 (ok)" in seen.stdout and "Cipher is (NONE)" not in seen.stdout, good,
                             version + seen.stdout + seen.stderr)
            if not good:
                self.assertIn("unexpected eof", seen.stderr)  # the server hung up; openssl itself had no objection
        for cipher in ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "NULL", "aNULL"]:
            seen = openssl("s_client", "-connect", address, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0", text="")
            self.assertIn("unexpected eof", seen.stderr, cipher)

    def test_who_has_no_key_learns_nothing_else(self):
        address = ("127.0.0.1", self.server.port)
        asked = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with socket.create_connection(address, timeout=CALL_S) as plain:  # curl http://…
            plain.sendall(asked)
            self.assertNotIn(b"idiolect", self.read_all(plain).lower())
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        context.set_alpn_protocols(["http/1.1"])
        try:
            with context.wrap_socket(socket.create_connection(address, timeout=CALL_S), server_hostname="localhost") as web:
                web.sendall(asked)
                self.assertNotIn(b"idiolect", self.read_all(web).lower())
        except OSError:
            pass  # it talks to nobody who doesn't speak HTTP/2
        import grpc
        credentials = grpc.ssl_channel_credentials((self.folder / "cert.pem").read_bytes())
        with grpc.secure_channel(f"localhost:{self.server.port}", credentials) as channel:
            answers = set()
            for method in ["/idiolect.v1.HistoryService/ExportUser", "/idiolect.v1.ProfileService/ListUsers",
                           "/idiolect.v1.ModelService/GetModel", "/idiolect.v1.NoService/None",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/"]:
                with self.assertRaises(grpc.RpcError) as raised:
                    channel.unary_unary(method)(b"", timeout=CALL_S)
                answers.add((raised.exception.code(), raised.exception.details()))
            self.assertEqual(answers, {(grpc.StatusCode.UNAUTHENTICATED, "a valid API key is needed, as the metadata "
                                                                         "`authorization: Bearer KEY`")})

    def test_rapid_resets_end_the_connection_and_put_the_address_off(self):
        address, certificate = f"localhost:{self.server.port}", self.folder / "cert.pem"
        with self.assertRaises(OSError), raw_http2.connect(address, certificate, source="127.0.0.2") as attacker:
            raw_http2.reset_rapidly(attacker, "/idiolect.v1.DialogueService/GenerateReply", 100_000)
        with self.assertRaises(OSError), raw_http2.connect(address, certificate, source="127.0.0.2") as again:
            self.assertTrue(again.recv(1))
        self.assertIn("127.0.0.2: more than 200 calls reset in a second", (self.folder / "server.log").read_text())
        with raw_http2.connect(address, certificate, source="127.0.0.3") as other:
            raw_http2.reset_rapidly(other, "/idiolect.v1.DialogueService/GenerateReply", 150)
            other.settimeout(CALL_S)
            self.assertTrue(other.recv(1))
        self.assertEqual(self.verb("backend", "status").returncode, 0)

    def test_the_audit_log_survives_a_kill_and_shows_changes(self):
        log = self.folder / "audit.jsonl"
        self.verb("reader", "export", "--user", "ann")
        self.server.stop(kill=True)
        self.server.start()
        self.verb("reader", "export", "--user", "ann")
        self.assertIn("unbroken", run("audit", "verify", log).stdout)
        shown = run("audit", "show", log, "--tenant", "acme", "--user", "ann").stdout.splitlines()
        self.assertGreaterEqual(len([line for line in shown if '"what":"export"' in line]), 2)
        for secret in ["ann", *(text for pair in ANN_SAID for text in pair)]:
            self.assertNotIn(secret, log.read_text())
        lines = log.read_text().splitlines()
        changed = self.folder / "changed.jsonl"
        changed.write_text("\n".join(lines[:2] + [lines[2].replace("reader", "").replace("acme", "none")] + lines[3:]) + "\n")
        broken = run("audit", "verify", changed, check=False)
        self.assertEqual(broken.returncode, 1)
        self.assertIn("changed.jsonl:3: ", broken.stderr)

    def test_the_log_of_the_server_names_no_key_and_no_text(self):
        log = (self.folder / "server.log").read_text()
        for key in self.server.keys.values():
            self.assertNotIn(key.split("_", 2)[2], log)
        for post, response in ANN_SAID:
            self.assertNotIn(post, log)
            self.assertNotIn(response, log)

    def test_others_are_served_only_with_protection(self):
        refused = run("serve", "--model", ARGS.model, "--store", "memory:", "--listen", "0.0.0.0:0", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("unsafe_remote", refused.stderr)

    @staticmethod
    def read_all(connection):
        seen = b""
        try:
            while chunk := connection.recv(4096):
                seen += chunk
        except OSError:
            pass
        return seen


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the program idiolect")
    parser.add_argument("--model", required=True, help="a model directory")
    ARGS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
