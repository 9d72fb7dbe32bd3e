"""Reads a bundle with programs of others: bundle.py BUNDLE.zip VKEY LEAVES, where LEAVES has an entry of the ledger on each
line, from the first on. Prints one line a client; an assertion ends it."""
import base64
import copy
import hashlib
import json
import sys
import zipfile

import jsonschema
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from pymerkle import InmemoryTree
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

bundle, vkey, leaves = sys.argv[1:]
archive = zipfile.ZipFile(bundle)
assert archive.testzip() is None
files = {name: archive.read(name) for name in archive.namelist()}
assert len(files) == len(archive.namelist())
print(f"zipfile {len(files)}")

name, keyid, raw = vkey.split("+", 2)
public = base64.b64decode(raw)[1:]


def refused(check, *kinds):
    try:
        check()
    except kinds:
        return
    raise AssertionError("a control that has to fail passed")


# cryptography: the checkpoint's signature
key = Ed25519PublicKey.from_public_bytes(public)
note, _, signed = files["tlog/checkpoint"].decode().rpartition("\n\n")
line = next(one for one in signed.splitlines() if one.split(" ")[1] == name)
signature = base64.b64decode(line.split(" ")[2])
assert signature[:4].hex() == keyid
key.verify(signature[4:], note.encode() + b"\n")
refused(lambda: key.verify(signature[4:], note.encode()), InvalidSignature)
print("cryptography 1")

# pymerkle: the root over all entries, and every proof
tree = InmemoryTree(algorithm="sha256")
for entry in open(leaves, "rb").read().split(b"\n")[:-1]:
    tree.append_entry(entry)
origin, size, root = note.split("\n")[:3]
size = int(size)
assert tree.get_state(size) == base64.b64decode(root), "another root"
proven = 0
for row in files["entries.jsonl"].decode().splitlines():
    index = json.loads(row)["index"]
    lines = files[f"proofs/{index}.tlog-proof"].decode().partition("\n\n")[0].split("\n")[2:]
    theirs = tree.prove_inclusion(index + 1, size).path[1:]
    assert [base64.b64decode(one) for one in lines] == theirs, f"another proof of {index}"
    proven += 1
print(f"pymerkle {proven}")

# securesystemslib: DSSE; in-toto-attestation: the statement's shape; jsonschema: the change record
signer = SSlibKey(keyid, "ed25519", "ed25519", {"public": public.hex()})
schema = jsonschema.Draft202012Validator(json.loads(files["schemas/change-record-v1.json"]))
statements = records = 0
for path, text in files.items():
    if not path.startswith("attestations/"):
        continue
    envelope = json.loads(text)
    for one in envelope["signatures"]:
        one["keyid"] = keyid
    Envelope.from_dict(copy.deepcopy(envelope)).verify([signer], 1)
    payload = base64.b64decode(envelope["payload"])
    touched = dict(copy.deepcopy(envelope), payload=base64.b64encode(payload + b" ").decode())
    refused(lambda: Envelope.from_dict(touched).verify([signer], 1), VerificationError)
    said = json.loads(payload)
    from in_toto_attestation.v1 import statement_pb2
    Statement.copy_from_pb(ParseDict(said, statement_pb2.Statement())).validate()
    without = ParseDict(dict(said, subject=[]), statement_pb2.Statement())
    refused(lambda: Statement.copy_from_pb(without).validate(), ValueError)
    statements += 1
    if path.endswith(".change-record.dsse.json"):
        schema.validate(said["predicate"])
        assert list(schema.iter_errors(dict(said["predicate"], more=1))), "the schema takes anything"
        records += 1
print(f"securesystemslib {statements}")
print(f"in-toto-attestation {statements}")
print(f"jsonschema {records}")
assert hashlib.sha256(files["manifest.json"]).hexdigest() in files["SHA256SUMS"].decode()
