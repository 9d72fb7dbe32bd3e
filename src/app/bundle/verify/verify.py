#!/usr/bin/env python3
"""Checks a Countersign bundle with Python's standard library and nothing else (3.8 or newer).

    python3 verify.py BUNDLE.zip --key VKEY [--checkpoint FILE] [--witness VKEY … [--quorum N]]

VKEY is the ledger's verifier key (NAME+ID+BASE64), or a file with it, from a place you trust: not from the bundle.
Exit code 0: the bundle holds under that key. 1: it does not; the first place that is wrong is named. 2: wrong usage.
3: it could not be decided: no key was given (UNANCHORED), your checkpoint cannot be compared with this bundle, or fewer
witnesses than you ask for cosigned it (UNWITNESSED; by default all of those given with --witness have to).

The archive is read from its first byte to its last. Which file has to come next follows from what was checked before;
no name in the archive is used, and nothing is unpacked. Formats: APPNOTE.TXT (ZIP, stored), RFC 6962 and RFC 9162
(Merkle tree), C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof, DSSE with in-toto statements, OpenSSH PROTOCOL.sshsig,
RFC 8032 (Ed25519).
"""
import argparse
import base64
import binascii
import datetime
import functools
import hashlib
import json
import re
import struct
import sys
import zlib

SMALL, LARGE, FACTS = 2_000_000, 2**32 - 1, 256 << 20
MAX_ENTRIES = 4_000_000
STATEMENT = "https://in-toto.io/Statement/v1"
SUMMARY, RECORD = "https://slsa.dev/verification_summary/v1", "urn:countersign:change-record:v1"
PASSING = ("auto_approved", "approved", "emergency_open")
NAMESPACE = b"countersign-bundle"
LEFT_OUT = [
    "that nothing was left out: of what the ledger holds, the bundle has what its maker put in scope; of what happened, "
    "the ledger has what was delivered to it. Compare with the forge's own list of merges and deployments",
    "that what sources said is true: the ledger shows that it was said, and when it was recorded",
]
WHEN = "when anything happened: all times are the service's clock and the sources'; "
NOT_DECIDED = [
    "that the decisions follow from the facts and policies: their bytes are here by digest, but nothing was decided anew",
    "the lists in report/: they are the service's own words about the same rows, signed and not recomputed",
]


ERASED = ("what stood in facts or policies of people who were erased: {} erasures are among the entries, each lists the digests "
          "of what it left, and what is here is that")


class Fault(Exception):
    """Something is wrong: where, and what."""

    def __init__(self, place, why, undecided=False):
        super().__init__(f"{place}: {why}")
        self.place, self.why, self.undecided = place, why, undecided


# --- Ed25519 (RFC 8032, section 5.1.7), strict: one signature for one message, no weak keys -------------------------
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(p, q):
    """The sum of two points in extended coordinates."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point_of(text):
    """The point of 32 bytes, or None if they are not its one encoding."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def bytes_of(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def is_weak(point):
    return bytes_of(times(8, point)) == bytes_of((0, 1, 1, 0))


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


@functools.lru_cache(maxsize=4096)
def ed25519(key, message, signature):
    """Whether the key signed the message."""
    if len(signature) != 64:
        return False
    public, commitment = point_of(key), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or scalar >= L or is_weak(public) or is_weak(commitment):
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(scalar, BASE), add(commitment, times(challenge, public))
    return bytes_of(left) == bytes_of(right)


# --- keys and signed notes (C2SP) -------------------------------------------------------------------------------------
def strict_base64(text):
    """The bytes of the one base64 text with padding; None for any other."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


KINDS = {1: "Ed25519", 4: "Ed25519 cosignatures: a witness's"}


class Key:
    """A verifier key, NAME+ID+BASE64: of a ledger (Ed25519, 1), or of a witness (Ed25519 cosignatures, 4)."""

    def __init__(self, text, algorithm=1):
        parts = text.split("+", 2)
        raw = strict_base64(parts[2]) if len(parts) == 3 else None
        if raw is None or len(raw) != 33 or raw[0] != algorithm or re.search(r"[\s\x00-\x1f]", parts[0]) or not parts[0]:
            raise ValueError(f"`{text[:120]}` is not a verifier key of the form NAME+ID+BASE64 ({KINDS[algorithm]})")
        self.text, self.name, self.raw = text, parts[0], raw[1:]
        self.id = hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4]
        if self.id.hex() != parts[1]:
            raise ValueError(f"the key's id is {parts[1][:16]}, its name and key give {self.id.hex()}")
        point = point_of(self.raw)
        if point is None or is_weak(point):
            raise ValueError("the public key is weak: anybody could sign for it")


def checkpoint(place, note, key):
    """Size and root of a signed checkpoint."""
    try:
        text, signatures = note.decode("utf-8").rsplit("\n\n", 1)
        lines = text.split("\n")
        origin, size, root = lines[0], lines[1], strict_base64(lines[2])
        signed = [line.split(" ") for line in signatures.split("\n")[:-1]]
        good = signatures.endswith("\n") and all(len(s) == 3 and s[0] == "\u2014" for s in signed)
        pairs = [(name, strict_base64(value)) for _, name, value in signed] if good else [("", None)]
    except (UnicodeDecodeError, ValueError, IndexError):
        raise Fault(place, "not a signed checkpoint") from None
    if any(value is None or len(value) < 5 for _, value in pairs) or len(pairs) > 100:
        raise Fault(place, "a signature line is not of the form `— NAME BASE64`")
    if not re.fullmatch("0|[1-9][0-9]{0,18}", size) or root is None or len(root) != 32 or "" in lines:
        raise Fault(place, "not a signed checkpoint")
    if re.search("[\x00-\x09\x0b-\x1f]", text) or origin != key.name:
        raise Fault(place, f"the checkpoint is not of the ledger `{key.name}`")
    mine = [value[4:] for name, value in pairs if name == key.name and value[:4] == key.id]
    if not mine or not all(ed25519(key.raw, text.encode() + b"\n", one) for one in mine):
        raise Fault(place, "the key did not sign this checkpoint, or it was changed after signing")
    return int(size), root


def cosigned(place, note, witnesses):
    """When each of these witnesses first cosigned a checkpoint that was read: (name, seconds since 1970, or None: it did not)."""
    text, signatures = note.decode("utf-8").rsplit("\n\n", 1)
    lines = [line.split(" ") for line in signatures.split("\n")[:-1]]
    pairs = [(name, strict_base64(value)) for _, name, value in lines]
    for key in witnesses:
        times = []
        for value in (value[4:] for name, value in pairs if name == key.name and value[:4] == key.id):
            at = int.from_bytes(value[:8], "big")
            if len(value) != 72 or not 0 < at < 2**63:
                raise Fault(place, f"a cosignature has 72 bytes, eight of them a time after 1970; this one has {len(value)}")
            if not ed25519(key.raw, f"cosignature/v1\ntime {at}\n{text}\n".encode(), value[8:]):
                raise Fault(place, f"the cosignature of `{key.name}` does not fit the checkpoint")
            times.append(at)
        yield key.name, min(times, default=None)


# --- the Merkle tree (RFC 9162, sections 2.1.3.2 and 2.1.4.2) ---------------------------------------------------------
def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion(index, size, leaf, proof, root):
    if index >= size:
        return False
    first, last, result = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            result = node(other, result)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            result = node(result, other)
        first, last = first >> 1, last >> 1
    return last == 0 and result == root


def consistency(old, new, old_root, new_root, proof):
    if old > new or old == new or old == 0:
        empty = hashlib.sha256(b"").digest()
        return old <= new and not proof and old_root == (new_root if old == new else empty)
    proof = [old_root] + proof if old & (old - 1) == 0 else proof
    if not proof:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    was, now = proof[0], proof[0]
    for other in proof[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            was, now = node(other, was), node(other, now)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            now = node(now, other)
        first, last = first >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


# --- the archive: stored files, each header written one way only ------------------------------------------------------
SHARED = struct.pack("<HHHHH", 20, 0, 0, 0, 0x21)


class Zip:
    """Reads an archive from front to back; what comes next is said by the reader."""

    def __init__(self, source):
        self.source, self.at, self.members = source, 0, []

    def fill(self, count, place):
        found = self.source.read(count)
        self.at += len(found)
        if len(found) != count:
            raise Fault(place, "the archive ends here: it was cut off")
        return found

    def passing(self, name, most):
        """The pieces of the file that has to come next. Its sums are checked after the last piece."""
        offset, head = self.at, self.fill(4, name)
        if head == b"PK\x01\x02":
            raise Fault(name, "the archive has no further files here")
        if head != b"PK\x03\x04":
            raise Fault(name, "the archive was changed here: what stands before the file is not what was written")
        rest = self.fill(26, name)
        crc, packed, size, length, extra = struct.unpack("<IIIHH", rest[10:])
        if length > 128 or extra or packed != size or rest[:10] != SHARED:
            raise Fault(name, "the archive was changed here: what stands before the file is not what was written")
        if self.fill(length, name) != name.encode():
            raise Fault(name, "another file stands here instead")
        if size > most:
            raise Fault(name, f"it has {size} bytes, {most} are allowed")
        digest, found, left = hashlib.sha256(), 0, size
        while left:
            piece = self.fill(min(left, 65536), name)
            digest.update(piece)
            found, left = zlib.crc32(piece, found), left - len(piece)
            yield piece
        if found != crc:
            raise Fault(name, "the bytes are not those that were written (CRC-32)")
        self.members.append((name, digest.hexdigest(), crc, size, offset))

    def take(self, name, most=SMALL):
        return b"".join(self.passing(name, most))

    def finish(self):
        """Nothing may follow but the directory of exactly what was read."""
        start, place = self.at, "the end of the archive"
        for name, _, crc, size, offset in self.members:
            far = offset >= 2**32 - 1
            extra = struct.pack("<HHQ", 1, 8, offset) if far else b""
            sums = struct.pack("<IIIHH", crc, size, size, len(name), len(extra))
            where = struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, 2**32 - 1 if far else offset)
            self.expect(b"PK\x01\x02\x14\x03" + SHARED + sums + where + name.encode() + extra, place)
        count, size = len(self.members), self.at - start
        if count >= 0xFFFF or size >= 2**32 - 1 or start >= 2**32 - 1:
            here = self.at
            self.expect(struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 0x32D, 45, 0, 0, count, count, size, start), place)
            self.expect(struct.pack("<4sIQI", b"PK\x06\x07", 0, here, 1), place)
        few, small = min(count, 0xFFFF), 2**32 - 1
        self.expect(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, few, few, min(size, small), min(start, small), 0), place)
        if self.source.read(1):
            raise Fault(place, "something stands after it")

    def expect(self, bytes_, place):
        if self.fill(len(bytes_), place) != bytes_:
            raise Fault(place, "the archive's directory is not the one of its files")


# --- the bundle -------------------------------------------------------------------------------------------------------
def unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def parsed(place, text):
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise Fault(place, f"not JSON: {error}") from None


def text_at(value, *path):
    """What stands at a path in JSON; None: nothing does."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def digest_of(value):
    return value[7:] if isinstance(value, str) and re.fullmatch("sha256:[0-9a-f]{64}", value) else None


def is_time(text):
    try:
        return bool(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ"))
    except ValueError:
        return False


class Decision:
    """What an entry of kind `decision` says."""

    def __init__(self, place, index, raw, entry):
        policy = entry.get("policy")
        self.index, self.leaf = index, hashlib.sha256(b"\x00" + raw).digest()
        self.id, self.at, self.sha, self.state = (entry.get(key) for key in ("decision", "at", "sha", "state"))
        self.facts, self.organisation = digest_of(entry.get("facts")), digest_of(text_at(policy, "organisation"))
        self.repository = digest_of(text_at(policy, "repository"))
        known = isinstance(self.id, str) and re.fullmatch("dec_[a-z0-9]{16}", self.id)
        whole = None not in (self.facts, self.organisation) and all(isinstance(one, str) for one in (self.sha, self.state))
        whole = whole and "repository" in policy and is_time(self.at)
        if not known or not whole or (self.repository is None) != (policy["repository"] is None):
            raise Fault(place, f"entry {index} is no decision of the known form")

    def common(self, kind):
        return [(("_type",), STATEMENT), (("predicateType",), kind), (("subject", 1), None),
                (("subject", 0, "digest", "gitCommit"), self.sha)]

    def summary(self, origin):
        result = "PASSED" if self.state in PASSING else "FAILED"
        inputs = ("predicate", "inputAttestations")
        return self.common(SUMMARY) + [
            (("predicate", "verifier", "id"), "https://" + origin), (("predicate", "timeVerified"), self.at),
            (("predicate", "verificationResult"), result),
            (("predicate", "policy", "digest", "sha256"), self.organisation),
            ((*inputs, 0, "digest", "sha256"), self.facts), ((*inputs, 1, "digest", "sha256"), self.repository)]

    def record(self, origin):
        repository = self.repository and "sha256:" + self.repository
        ledger = [("origin", origin), ("index", self.index), ("leaf_hash", self.leaf.hex())]
        own = [("decision", self.id), ("decided_at", self.at), ("state", self.state), ("commit", self.sha),
               ("facts", "sha256:" + self.facts)]
        return (self.common(RECORD) + [(("predicate", key), value) for key, value in own]
                + [(("predicate", "policy", "organisation"), "sha256:" + self.organisation),
                   (("predicate", "policy", "repository"), repository)]
                + [(("predicate", "ledger", key), value) for key, value in ledger])


def lines(zip_, name, most):
    """Lines without their ends; an entry has at most 65,535 bytes."""
    rest = b""
    for piece in zip_.passing(name, LARGE):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line
        if len(rest) > most:
            raise Fault(name, "a line is too long")
    if rest:
        raise Fault(name, "the last line has no end")


def canonical(value):
    """RFC 8785 for the values of entries: no fractions, keys in the order of UTF-16."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        raise ValueError("a number with a fraction")
    return json.dumps(value, ensure_ascii=False)


def is_entry(entry, raw):
    """Whether these bytes are an entry as it is written."""
    try:
        kind, at = entry.get("kind"), entry.get("at")
        return (canonical(entry).encode("utf-8") == raw and entry.get("v") == 1 and len(raw) <= 65535
                and re.fullmatch("[a-z]([a-z0-9_.]{0,62}[a-z0-9])?", kind) is not None
                and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", at) is not None)
    except (AttributeError, TypeError, ValueError, RecursionError):
        return False


def entries(zip_, size):
    """Leaves, decisions and erasures of entries.jsonl."""
    leaves, decisions, erasures, last = [], [], [], -1
    for number, line in enumerate(lines(zip_, "entries.jsonl", 65535 + 64), 1):
        place = f"entries.jsonl line {number}"
        match = re.fullmatch(rb'\{"index":(0|[1-9][0-9]{0,18}),"entry":(.*)\}', line, re.DOTALL)
        if not match:
            raise Fault(place, 'not of the form {"index":N,"entry":{…}}')
        index, raw = int(match[1]), match[2]
        entry = parsed(place, raw)
        if index <= last or index >= size:
            raise Fault(place, f"entry {index} comes twice, out of order, or is not in the checkpoint")
        if not is_entry(entry, raw):
            raise Fault(place, f"entry {index} is not canonical, or not of a known form")
        if len(leaves) >= MAX_ENTRIES:
            raise Fault(place, f"more than {MAX_ENTRIES} entries")
        last = index
        leaves.append((index, hashlib.sha256(b"\x00" + raw).digest()))
        if entry.get("kind") == "decision":
            decisions.append(Decision(place, index, raw, entry))
        if entry.get("kind") == "erasure.performed":
            erasures.append((index, entry.get("kept")))
    return leaves, decisions, erasures


def erased(zip_, erasures):
    """What erasures left: by the digest that an entry holds, that of what there is now."""
    now = {}
    for index, kept in erasures:
        name = f"erased/{index}.json"
        raw = zip_.take(name, FACTS)
        if "sha256:" + hashlib.sha256(raw).hexdigest() != kept:
            raise Fault(name, f"entry {index} binds other bytes")
        try:
            now.update((digest_of(one["was"]), digest_of(one["now"])) for one in parsed(name, raw)["is"])
        except (AttributeError, KeyError, TypeError):
            raise Fault(name, "not what an erasure left") from None
    return now


def proofs(zip_, leaves, note, size, root):
    for index, leaf in leaves:
        name = f"proofs/{index}.tlog-proof"
        head, _, rest = zip_.take(name).partition(b"\n\n")
        start, *hashes = head.decode("utf-8", "replace").split(f"c2sp.org/tlog-proof@v1\nindex {index}", 1)
        hashes = [strict_base64(line) for line in hashes[0].split("\n")[1:]] if hashes else [None]
        if start or rest != note or len(hashes) > 63 or any(one is None or len(one) != 32 for one in hashes) \
                or not re.fullmatch(rf"c2sp.org/tlog-proof@v1\nindex {index}(\n[^\n]+)*", head.decode("utf-8", "replace")):
            raise Fault(name, f"not a proof of entry {index} under tlog/checkpoint")
        if not inclusion(index, size, leaf, hashes, root):
            raise Fault(name, f"entry {index} is not in the ledger that was signed")


def statement(zip_, name, key):
    """The payload of a DSSE envelope that the key signed."""
    envelope, kind = parsed(name, zip_.take(name)), "application/vnd.in-toto+json"
    payload, signatures = text_at(envelope, "payload"), text_at(envelope, "signatures")
    payload = strict_base64(payload) if isinstance(payload, str) else None
    if payload is None or not isinstance(signatures, list) or envelope.get("payloadType") != kind:
        raise Fault(name, f"not a DSSE envelope of {kind}")
    message = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    signed = [strict_base64(text_at(one, "sig") or "") for one in signatures[:100]]
    if not any(one is not None and ed25519(key.raw, message, one) for one in signed):
        raise Fault(name, f"the envelope has no valid signature of `{key.name}`")
    return parsed(name, payload)


def attestations(zip_, decisions, key):
    for decision in decisions:
        files = (("vsa", decision.summary(key.name)), ("change-record", decision.record(key.name)))
        for what, known in files:
            name = f"attestations/{decision.id}.{what}.dsse.json"
            said = statement(zip_, name, key)
            for path, need in known:
                have = text_at(said, *path)
                if have != need or type(have) is not type(need):
                    where = "/".join(map(str, path))
                    raise Fault(name, f"`/{where}` is {have!r}, the ledger's entry {decision.index} says {need!r}")


def by_digest(zip_, folder, digests, most, now):
    for digest in sorted(digests):
        name = f"{folder}/{digest}"
        for _ in zip_.passing(name, most):
            pass
        if zip_.members[-1][1] != now.get(digest, digest):
            raise Fault(name, "its bytes do not have this digest")


def string(raw):
    return struct.pack(">I", len(raw)) + raw


def armoured(key, signature):
    """The text of SHA256SUMS.sig for a signature (OpenSSH PROTOCOL.sshsig)."""
    public = string(b"ssh-ed25519") + string(key.raw)
    inner = string(b"ssh-ed25519") + string(signature)
    blob = b"SSHSIG\x00\x00\x00\x01" + b"".join(map(string, (public, NAMESPACE, b"", b"sha512", inner)))
    text = base64.b64encode(blob).decode()
    wrapped = "\n".join(text[at:at + 70] for at in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{wrapped}\n-----END SSH SIGNATURE-----\n".encode()


def sums(zip_, key):
    """The sums of everything before them, and the signature over the sums."""
    expected = [f"{digest}  {name}" for name, digest, *_ in zip_.members]
    found = zip_.take("SHA256SUMS", LARGE)
    if found != "".join(line + "\n" for line in expected).encode():
        pairs = zip(expected, found.decode("utf-8", "replace").split("\n"))
        wrong = next((line[66:] for line, other in pairs if line != other), "a file")
        raise Fault("SHA256SUMS", f"it does not have the sum of {wrong}")
    file = zip_.take("SHA256SUMS.sig")
    blob = b"".join(file.split(b"\n")[1:-2])
    try:
        signature = base64.b64decode(blob)[-64:]
    except (binascii.Error, ValueError):
        signature = b""
    hashed = hashlib.sha512(found).digest()
    message = b"SSHSIG" + b"".join(map(string, (NAMESPACE, b"", b"sha512", hashed)))
    if armoured(key, signature) != file or not ed25519(key.raw, message, signature):
        raise Fault("SHA256SUMS.sig", "the signature does not fit: what it was made over was changed, or another key signed")


def manifest_of(zip_, key):
    place = "manifest.json"
    manifest = parsed(place, zip_.take(place))
    fields = {"format", "origin", "key", "scope", "checkpoint", "previous", "entries", "decisions", "erasures",
              "policies", "facts", "changes", "deploys"}
    if not isinstance(manifest, dict) or set(manifest) != fields or manifest["format"] != "countersign-bundle/v1":
        raise Fault(place, "not the manifest of a bundle (countersign-bundle/v1)")
    try:
        key = key or Key(str(manifest["key"]))
    except ValueError as error:
        raise Fault(place, str(error)) from None
    if manifest["key"] != key.text or manifest["origin"] != key.name:
        raise Fault(place, f"the bundle is of the key {str(manifest['key'])[:200]}, not of {key.text}")
    return manifest, key


def exactly(zip_, name, text):
    if zip_.take(name) != text.encode():
        raise Fault(name, "it does not say what the key says")


def heads(zip_, manifest, key):
    """Keys, the checkpoint, and the older one that it continues."""
    exactly(zip_, f"keys/{key.id.hex()}.vkey", key.text + "\n")
    blob = base64.b64encode(string(b"ssh-ed25519") + string(key.raw)).decode()
    exactly(zip_, "keys/allowed_signers", f'{key.name} namespaces="{NAMESPACE.decode()}" ssh-ed25519 {blob}\n')
    found = []
    for place, named in (("tlog/checkpoint", manifest["checkpoint"]), ("tlog/previous", manifest["previous"])):
        if named is None and found:
            continue
        note = zip_.take(place)
        size, root = checkpoint(place, note, key)
        if named != {"size": size, "root": base64.b64encode(root).decode()}:
            raise Fault(place, "it is not the one that the manifest names")
        found.append((note, size, root))
    if len(found) == 2:
        place = "tlog/consistency"
        text = zip_.take(place).decode("utf-8", "replace")
        proof = [strict_base64(line) for line in text.split("\n")[:-1]]
        whole = text == "" or text.endswith("\n")
        if not whole or any(one is None or len(one) != 32 for one in proof):
            raise Fault(place, "not a hash in base64 on each line")
        if not consistency(found[1][1], found[0][1], found[1][2], found[0][2], proof):
            raise Fault(place, "the ledger does not continue the older one: history was rewritten")
    return found


def compared(note, found, key):
    """The checkpoint that the auditor brought, against those of the bundle."""
    place = "the checkpoint you brought"
    try:
        size, root = checkpoint(place, note, key)
    except Fault as fault:
        # What the auditor brought is not at hand as it should be: that says nothing about the bundle.
        raise Fault(place, fault.why, undecided=True) from None
    same = [other_root == root for _, other_size, other_root in found if other_size == size]
    if not same:
        raise Fault(place, f"it is of {size} entries, the bundle of {found[0][1]} has no proof from there; "
                    "ask for a bundle made with --checkpoint and this file", undecided=True)
    if not all(same):
        raise Fault(place, "another ledger of the same size was signed with this key: history was rewritten")
    return size


def check(source, key=None, older=None, witnesses=()):
    """Checks a bundle from an open file. Gives the manifest, the key, how many files, the size of `older`, who cosigned."""
    zip_ = Zip(source)
    manifest, key = manifest_of(zip_, key)
    found = heads(zip_, manifest, key)
    note, size, root = found[0]
    seen = list(cosigned("tlog/checkpoint", note, witnesses))
    older = compared(older, found, key) if older is not None else None
    leaves, decisions, erasures = entries(zip_, size)
    proofs(zip_, leaves, note, size, root)
    now = erased(zip_, erasures)
    attestations(zip_, decisions, key)
    policies = {one for decision in decisions for one in (decision.organisation, decision.repository) if one}
    facts = {decision.facts for decision in decisions}
    by_digest(zip_, "policies", policies, SMALL, now)
    by_digest(zip_, "raw", facts, FACTS, now)
    counts = {"entries": len(leaves), "decisions": len(decisions), "erasures": len(erasures),
              "policies": len(policies), "facts": len(facts)}
    for what in ("changes", "deploys"):
        name = f"report/{what}.jsonl"
        counts[what] = sum(piece.count(b"\n") for piece in zip_.passing(name, LARGE))
    for what, have in counts.items():
        if manifest[what] != have or type(manifest[what]) is not int:
            raise Fault("manifest.json", f"`{what}` is {manifest[what]!r}, but there are {have}")
    for name in ("schemas/change-record-v1.json", "verify/README.md", "verify/verify.py"):
        zip_.take(name)
    sums(zip_, key)
    zip_.finish()
    return manifest, key, len(zip_.members), older, seen


def plain(text):
    """A text of others for one line of a terminal."""
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in str(text))


def date(seconds):
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    except (ValueError, OverflowError, OSError):
        return "a time that is no date"


def unproven(seen, quorum):
    """What no check of a bundle shows, whatever it comes to."""
    cosigners = sum(at is not None for _, at in seen)
    yield from LEFT_OUT
    yield WHEN + ("a witness's time says that it had been recorded by then" if cosigners else
                  "no witness's signature on the checkpoint was checked")
    who = "those who trust other witnesses" if quorum and cosigners >= quorum else "others"
    yield f"that {who} are shown the same ledger: compare your checkpoint with theirs"
    yield from NOT_DECIDED


def report(manifest, key, files, older, seen, anchored, quorum):
    head, scope = manifest["checkpoint"], manifest["scope"]
    yield "about", json.dumps(scope)
    yield "ledger", manifest["origin"]
    yield "holds", ", ".join(f"{manifest[what]} {what}" for what in ("changes", "deploys", "decisions", "entries"))
    yield "as of", f"size {head['size']}, root {head['root']}"
    yield "proven", f"{files} files have the sums that the key signed, and no other is there"
    yield "proven", "every entry stands in the ledger under that root, which the key signed"
    yield "proven", "every attestation is signed, and says of its decision what the entry says"
    if manifest["previous"]:
        yield "proven", f"that ledger begins with the {manifest['previous']['size']} entries of an older checkpoint in the bundle"
    if older is not None:
        yield "proven", f"that ledger begins with the {older} entries of the checkpoint that you brought"
    else:
        yield "not", "that it continues the ledger that you saw before: no checkpoint of yours was given with --checkpoint"
    if manifest["erasures"]:
        yield "not", ERASED.format(manifest["erasures"])
    for name, at in seen:
        if at is None:
            yield "not", f"that the witness {name} saw that ledger: it did not cosign"
        else:
            yield "proven", f"the witness {name} saw that ledger by {date(at)}, with everything in it that it had seen before"
    for line in unproven(seen, quorum):
        yield "not", line
    cosigners = sum(at is not None for _, at in seen)
    if anchored and cosigners >= quorum:
        yield "holds", f"under the key {key.text}"
    if not anchored:
        yield "UNANCHORED", f"the key came with the bundle, so anybody could have made it: {key.text}"
        yield "", "get the ledger's key by another way, and give it with --key"
    if cosigners < quorum:
        yield "UNWITNESSED", f"of the {quorum} witness{'es' * (quorum != 1)} that you ask for, {cosigners} cosigned the checkpoint"
        yield "", "ask for a bundle of a checkpoint that they have cosigned"


def key_of(text, algorithm=1):
    """A key from an argument, or from the file that it names."""
    if "+" not in text:
        with open(text, encoding="utf-8") as file:
            text = file.read(1_000_000)
    return Key(text.strip(), algorithm)


def brought(asked):
    """What the auditor brings: the ledger's key, an older checkpoint, witnesses, and how many of them are needed."""
    key = key_of(asked.key) if asked.key is not None else None
    witnesses = [key_of(text, 4) for text in asked.witness]
    quorum = len(witnesses) if asked.quorum is None else asked.quorum
    if len({one.raw for one in witnesses}) != len(witnesses):
        raise ValueError("a witness is given twice, or has the key of another")
    if not (quorum == 0 == len(witnesses) and asked.quorum is None) and not 1 <= quorum <= len(witnesses):
        raise ValueError(f"a quorum of {quorum} of {len(witnesses)} witnesses: it has to be 1 to {len(witnesses)}")
    older = None
    if asked.checkpoint:
        with open(asked.checkpoint, "rb") as file:
            older = file.read(1_000_000)
    return key, older, witnesses, quorum


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("bundle", metavar="BUNDLE.zip")
    ask.add_argument("--key", metavar="VKEY", help="the ledger's verifier key, or a file with it")
    ask.add_argument("--checkpoint", metavar="FILE", help="a checkpoint that you kept")
    ask.add_argument("--witness", metavar="VKEY", action="append", default=[],
                     help="the verifier key of a witness that you trust, or a file with it; may be repeated")
    ask.add_argument("--quorum", metavar="N", type=int, help="how many of the witnesses have to have cosigned; by default all")
    asked = ask.parse_args()
    try:
        key, older, witnesses, quorum = brought(asked)
    except ValueError as error:
        ask.error(f"--key, --witness, --quorum: {error}")
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    try:
        with open(asked.bundle, "rb") as source:
            checked = check(source, key, older, witnesses)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except Fault as fault:
        end = ("undecided", "neither proven nor refused") if fault.undecided else \
            ("broken", "the bundle does not hold; do not rely on anything in it")
        for label, line in (("at", fault.place), ("fault", fault.why), end):
            print(f"{label:<9}{plain(line)}" if len(label) < 9 else f"{label} {plain(line)}")
        return 3 if fault.undecided else 1
    for label, line in report(*checked, anchored=key is not None, quorum=quorum):
        print(f"{label:<9}{plain(line)}" if len(label) < 9 else f"{label} {plain(line)}")
    return 0 if key is not None and sum(at is not None for *_, at in checked[-1]) >= quorum else 3


if __name__ == "__main__":
    sys.exit(main())
