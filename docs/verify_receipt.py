#!/usr/bin/env python3
"""Checks that ENTRY is the entry of RECEIPT (C2SP tlog-proof). Standard library only; nothing is fetched.

usage: verify_receipt.py ENTRY RECEIPT [PREFIX]

With PREFIX it writes PREFIX.note, PREFIX.sig (what was signed, and the first signature) for `openssl pkeyutl`.
The signature is NOT checked here: without that check the root is only what the receipt itself claims.
"""
import base64
import hashlib
import sys


def hash_of(kind, data):
    return hashlib.sha256(kind + data).digest()


def root_of(leaf, index, size, proof):
    """RFC 9162, 2.1.3.2: the root that a leaf and its proof lead to."""
    if index >= size:
        sys.exit(f"the entry {index} is not in a tree of {size} entries")
    node, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            sys.exit("the proof is too long")
        if node & 1 or node == last:
            current = hash_of(b"\x01", sibling + current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = hash_of(b"\x01", current + sibling)
        node, last = node >> 1, last >> 1
    return current if last == 0 else sys.exit("the proof is too short")


if len(sys.argv) not in (3, 4):
    sys.exit(__doc__)
entry = open(sys.argv[1], "rb").read()
receipt = open(sys.argv[2], encoding="utf-8", newline="").read()
head, text, signatures = receipt.split("\n\n")
lines = [line for line in head.split("\n") if not line.startswith("extra ")]
if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
    sys.exit("this is no receipt of the form c2sp.org/tlog-proof@v1")
origin, size, root = text.split("\n")[:3]
index, proof = int(lines[1][6:]), [base64.b64decode(line, validate=True) for line in lines[2:]]
if root_of(hash_of(b"\x00", entry), index, int(size), proof) != base64.b64decode(root, validate=True):
    sys.exit(f"NO: this is not entry {index} of the tree of {size} entries with the root {root}")
if len(sys.argv) == 4:
    name = f"\u2014 {origin} "
    mine = [line for line in signatures.split("\n") if line.startswith(name)]
    open(sys.argv[3] + ".note", "w", encoding="utf-8", newline="").write(text + "\n")
    open(sys.argv[3] + ".sig", "wb").write(base64.b64decode(mine[0][len(name):], validate=True)[4:])
print(f"entry {index} is in the tree of {size} entries of {origin} with the root {root}")
print("what remains: the signature over that root (openssl), and the key from a place you trust")
