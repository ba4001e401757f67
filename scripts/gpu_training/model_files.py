"""The files of a model directory, without PyTorch: reading, writing and checking them.

What is wrong with a file ends the program with a message of ours: Python's may quote all of the file.
"""
import hashlib
import json
import os
import struct
import sys

DIGESTS = {"sha256_tensors": "the tensors", "sha256_config": "config.json", "sha256_tokenizer": "tokenizer.model"}


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}")


def write(folder, files):
    try:
        os.makedirs(folder, exist_ok=True)
        for name, content in files.items():
            path = os.path.join(folder, name)
            with open(path + ".part", "wb") as file:
                file.write(content)
            os.replace(path + ".part", path)
    except OSError as error:
        raise SystemExit(f"{error.filename or folder}: {error.strerror}; expected a folder that a model can be written to")


def json_object(where, content):
    try:
        value = json.loads(content.decode())
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else sys.exit(f"{where}: expected a JSON object in UTF-8")


def header_and_data(path, content):
    size = int.from_bytes(content[:8], "little")
    if not 0 < size <= len(content) - 8:
        raise SystemExit(f"{path}: expected a safetensors file, with a whole header")
    return json_object(f"{path}: its header", content[8:8 + size]), content[8 + size:]


def safetensors(header, data):
    """The bytes of a safetensors file."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def digests(*contents):
    """Of the contents that DIGESTS names, in that order."""
    return {key: hashlib.sha256(content).hexdigest() for key, content in zip(DIGESTS, contents)}


def check_digests(path, metadata, digests, names=DIGESTS):
    """As CheckDigests of src/model/dhap_model.cc: all or none, so that a damaged name doesn't turn its check off. `names`: what
    the message calls what is damaged."""
    if not isinstance(metadata, dict):
        raise SystemExit(f"{path}: __metadata__: expected an object of strings")
    present = [key for key in digests if key in metadata]
    if present and len(present) != len(digests):
        raise SystemExit(f"{path}: has {len(present)} of the {len(digests)} checksums that it should have")
    for key in present:
        if metadata[key] != digests[key]:
            raise SystemExit(f"{path}: its checksum of {names[key]} does not match: a file of this model is damaged or of another one")
