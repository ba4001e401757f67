"""The program as an operator runs it, and a client made from proto/ alone, by protoc's Python output.

Needs protoc and grpc_python_plugin (Debian: protobuf-compiler, protobuf-compiler-grpc) and the packages grpc and
google.protobuf.
"""
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = ["google/rpc/status.proto", "google/rpc/error_details.proto", "idiolect/v1/dialogue.proto",
          "idiolect/v1/history.proto", "idiolect/v1/profile.proto", "idiolect/v1/model.proto", "otlp/trace.proto"]
START_S, STOP_S = 120, 60
MODULES = {}


def generate_client(folder):
    """Generates the client into `folder`; returns its modules by name."""
    os.environ["PATH"] += ":/usr/bin"
    plugin = shutil.which("grpc_python_plugin")
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}", f"--grpc_python_out={folder}",
                    f"--plugin=protoc-gen-grpc_python={plugin}", *PROTOS], check=True)
    sys.path.insert(0, folder)
    for name in ["dialogue", "history", "profile", "model"]:
        for suffix in ["_pb2", "_pb2_grpc"]:
            MODULES[name + suffix] = importlib.import_module(f"idiolect.v1.{name}{suffix}")
    MODULES["status_pb2"] = importlib.import_module("google.rpc.status_pb2")
    MODULES["error_details_pb2"] = importlib.import_module("google.rpc.error_details_pb2")
    for name in ["trace_pb2", "trace_pb2_grpc"]:
        MODULES[name] = importlib.import_module("otlp." + name)
    MODULES["grpc"] = importlib.import_module("grpc")
    return MODULES


class ServerProcess:
    """`idiolect serve FLAGS`, by default on a free port. `printed` are its lines, of both outputs."""

    def __init__(self, binary, *flags, listen="127.0.0.1:0"):
        self.printed = []
        self.process = subprocess.Popen([binary, "serve", "--listen", listen, *flags], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        listening = threading.Event()
        self.address = None

        def read():
            for line in self.process.stdout:
                self.printed.append(line)
                if line.startswith("listening on "):
                    self.address = line.split()[-1]
                    listening.set()
            listening.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        if not listening.wait(START_S) or self.address is None:
            self.process.kill()
            raise AssertionError("the server did not start:\n" + "".join(self.printed))
        self.channel = MODULES["grpc"].insecure_channel(self.address)
        self.dialogue = MODULES["dialogue_pb2_grpc"].DialogueServiceStub(self.channel)
        self.history = MODULES["history_pb2_grpc"].HistoryServiceStub(self.channel)
        self.profile = MODULES["profile_pb2_grpc"].ProfileServiceStub(self.channel)
        self.model = MODULES["model_pb2_grpc"].ModelServiceStub(self.channel)

    def health(self, service=""):
        """1 is SERVING, 2 is NOT_SERVING."""
        name = service.encode()
        check = self.channel.unary_unary("/grpc.health.v1.Health/Check",
                                         request_serializer=lambda _: bytes([10, len(name)]) + name if name else b"",
                                         response_deserializer=lambda answer: answer[1])
        return check(None, timeout=STOP_S)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def await_end(self):
        """The exit code."""
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(STOP_S)
        self.process.stdout.close()
        return code

    def stop(self):
        self.channel.close()
        self.signal()
        return self.await_end()
