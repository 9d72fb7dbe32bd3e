"""Reads a ledger and what its key signed with programs of others, and with what C2SP's specifications say, word for word:
ledger.py FOLDER. In the folder are `vkey`; `entries`, one on each line; `checkpoint`; `receipt-INDEX`; `witnesses`, a key on
each line; `statements`, a DSSE envelope on each line; `large`, a size and a root over that many decimal numbers. Prints one
line a client; an assertion ends it."""
import base64
import hashlib
import json
import pathlib
import struct
import sys

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

folder = pathlib.Path(sys.argv[1])


def read(name):
    return (folder / name).read_bytes()


def refused(check, *kinds):
    try:
        check()
    except kinds:
        return
    raise AssertionError("a control that has to fail passed")


# --- C2SP signed-note: verifier keys, and the signature lines of a note -----------------------------------------------
def verifier_key(text):
    """`<key name>+<hex key ID>+<base64 of signature type and public key>`; the ID is SHA-256(name, LF, type, key)[:4]."""
    name, key_id, material = text.strip().split("+", 2)
    material = base64.b64decode(material, validate=True)
    computed = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    assert computed.hex() == key_id, "the key's ID is not that of its name and bytes"
    return name, computed, material[0], material[1:]


def note(raw):
    """The text with its final newline, and the signatures by key name and ID."""
    text, _, below = raw.decode("utf-8").rpartition("\n\n")
    assert below.endswith("\n")
    signatures = []
    for line in below.split("\n")[:-1]:
        dash, name, value = line.split(" ")
        assert dash == "\u2014"
        value = base64.b64decode(value, validate=True)
        signatures.append((name, value[:4], value[4:]))
    return text + "\n", signatures


def by(signatures, name, key_id):
    found = [value for other, other_id, value in signatures if (other, other_id) == (name, key_id)]
    assert len(found) == 1, f"{len(found)} signatures of {name}"
    return found[0]


# The example of signed-note's specification.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = ("This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZ"
             "XsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n").encode()
name, key_id, kind, raw = verifier_key(SPEC_KEY)
text, signatures = note(SPEC_NOTE)
Ed25519PublicKey.from_public_bytes(raw).verify(by(signatures, name, key_id), text.encode())

# --- cryptography: the checkpoint, and every receipt's ------------------------------------------------------------------
origin, key_id, kind, raw = verifier_key(read("vkey").decode())
assert kind == 1
key = Ed25519PublicKey.from_public_bytes(raw)
notes = [read("checkpoint")]
receipts = sorted(folder.glob("receipt-*"))
notes += [path.read_bytes().partition(b"\n\n")[2] for path in receipts]
for one in notes:
    text, signatures = note(one)
    value = by(signatures, origin, key_id)
    key.verify(value, text.encode())
    refused(lambda: key.verify(value, text.encode() + b"\n"), InvalidSignature)
    refused(lambda: key.verify(value[:-1] + bytes([value[-1] ^ 1]), text.encode()), InvalidSignature)
print(f"checkpoints {len(notes)}")

# --- C2SP tlog-cosignature (cosignature/v1) on all of them ----------------------------------------------------------------
cosignatures = 0
for line in read("witnesses").decode().splitlines():
    witness, witness_id, kind, raw = verifier_key(line)
    assert kind == 4, "a key for cosignatures has the type 0x04"
    cosigner = Ed25519PublicKey.from_public_bytes(raw)
    for one in notes:
        text, signatures = note(one)
        assert text.split("\n")[0] == origin
        value = by(signatures, witness, witness_id)
        timestamp, signature = struct.unpack(">Q64s", value)
        cosigner.verify(signature, f"cosignature/v1\ntime {timestamp}\n{text}".encode())
        later = f"cosignature/v1\ntime {timestamp + 1}\n{text}".encode()
        refused(lambda: cosigner.verify(signature, later), InvalidSignature)
        refused(lambda: key.verify(signature, f"cosignature/v1\ntime {timestamp}\n{text}".encode()), InvalidSignature)
        cosignatures += 1
print(f"cosignatures {cosignatures}")

# --- rfc8785: entries and attestations have the bytes that it writes ---------------------------------------------------------
entries = read("entries").split(b"\n")[:-1]
for entry in entries:
    assert rfc8785.dumps(json.loads(entry)) == entry, entry
    loose = json.dumps(json.loads(entry), indent=1).encode()
    assert rfc8785.dumps(json.loads(loose)) == entry != loose
print(f"rfc8785 {len(entries)}")

# --- DSSE (its protocol's example, then ours), and the statements' bytes -----------------------------------------------------
def pae(kind, body):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)


assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
statements = read("statements").splitlines()
for line in statements:
    envelope = json.loads(line)
    payload = base64.b64decode(envelope["payload"], validate=True)
    signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    key.verify(signature, pae(envelope["payloadType"], payload))
    refused(lambda: key.verify(signature, payload), InvalidSignature)
    assert rfc8785.dumps(json.loads(payload)) == payload, payload
print(f"statements {len(statements)}")

# --- pymerkle: the root of the checkpoint, and one over more than 65,536 leaves -------------------------------------------------
tree = InmemoryTree(algorithm="sha256")
for entry in entries:
    tree.append_entry(entry)
size, root = note(notes[0])[0].split("\n")[1:3]
assert tree.get_root(int(size)) == base64.b64decode(root)
size, root = read("large").decode().split()
tree = InmemoryTree(algorithm="sha256")
for number in range(int(size)):
    tree.append_entry(str(number).encode())
assert tree.get_root().hex() == root, f"another root over {size} leaves"
print(f"pymerkle {size}")

# --- the published vectors of RFC 8785 ------------------------------------------------------------------------------------------
vectors = json.loads((pathlib.Path(__file__).parent / "jcs.json").read_text(encoding="utf-8"))["vectors"]
for vector in vectors:
    assert rfc8785.dumps(json.loads(vector["input"])) == vector["output"].encode(), vector
print(f"vectors {len(vectors)}")
