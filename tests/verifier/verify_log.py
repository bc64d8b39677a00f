#!/usr/bin/env python3
"""Verifies a log without the engine: a second opinion, written from docs/log-format.md alone.

    verify_log.py FOLDER             a folder of segments and snapshots
    verify_log.py --frames FILE      frames alone, joined, without segment headers

Checks segments, watermarks, frames, CRCs, hashes, seals and snapshots, and decodes every event.
Prints head and counts and ends with 0; or names the first fault by sequence and offset and ends
with 1; 2 on wrong use. It does not fold events into a state nor check signatures.

    --head HEX       the log must end with this seal
    --opaque         events are bytes: they are not decoded
    --flips N        flips N random bits, one at a time; each must be noticed
    --seed S         the seed of these flips (default 1)
    --batch FILE     judges each line of FILE: `event HEX`; or `frames PATH` or `folder PATH`, then
                     changes to be made in memory first: `file=NAME` (of a folder), `flip=BYTE.BIT`,
                     `cut=BYTE`, `zero=FROM+COUNT`, `drop=FROM+COUNT`, `copy=FROM+COUNT>TO`

Python 3.9 or later, standard library only.
"""

import argparse
import collections
import hashlib
import os
import random
import re
import struct
import sys
import zlib

import values

ZERO = bytes(32)
BODY_MIN, BODY_MAX = 17, 4 * 1024 * 1024
SEAL_BYTES = 144
SEGMENT_HEADER = 12_288
SLOTS = (4_096, 8_192)
SLOT_BYTES = 64
SNAPSHOT_HEADER = 72
VERSION = 3


class Fault(Exception):
    """What is wrong, and where: the record that was expected and the offset in its file."""

    def __init__(self, why, sequence, offset, file=None):
        super().__init__(why)
        self.why, self.sequence, self.offset, self.file = why, sequence, offset, file

    def __str__(self):
        file = "%s: " % self.file if self.file else ""
        return "%srecord %d at offset %d: %s" % (file, self.sequence, self.offset, self.why)


def digest(name, *parts):
    """`H(name, …)`."""
    name = name.encode("ascii")
    return hashlib.sha256(bytes([len(name)]) + name + b"".join(parts)).digest()


def node(left, right):
    return digest("undercut/merkle-node/v1", left, right)


def list_root(leaves):
    """The list root, level by level as it is written down."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0] if level else ZERO


class GrowingRoot:
    """A list root of a list that grows: the roots of full trees, largest first."""

    def __init__(self):
        self.trees = []

    def add(self, leaf):
        self.trees.append((1, leaf))
        while len(self.trees) > 1 and self.trees[-1][0] == self.trees[-2][0]:
            (size, right), (_, left) = self.trees.pop(), self.trees.pop()
            self.trees.append((2 * size, node(left, right)))

    def root(self):
        if not self.trees:
            return ZERO
        root = self.trees[-1][1]
        for _, left in reversed(self.trees[:-1]):
            root = node(left, root)
        return root


class Log:
    """Where a log stands. Takes frames one after the other."""

    # Payloads that were decoded before, by record hash: flipping one bit leaves most as they were.
    decoded = {}

    def __init__(self, opaque=False):
        self.opaque = opaque
        self.sequence = 0
        self.open = []
        self.open_height = None
        self.height = None
        self.seals = 0
        self.last_seal = ZERO
        self.sealed_records = 0
        self.history = GrowingRoot()
        self.counts = collections.Counter()
        self.heights = {}

    def frame(self, data, at, end):
        """Takes the frame at `at`; returns where the next one begins."""
        fail = lambda why, offset=at: Fault(why, self.sequence, offset)
        if end - at < 8:
            raise fail("cut off in the head of a frame")
        length, crc = struct.unpack_from("<II", data, at)
        if not BODY_MIN <= length <= BODY_MAX:
            raise fail("a body of %d bytes" % length)
        if end - at - 8 < length:
            raise fail("cut off in a frame")
        body = data[at + 8 : at + 8 + length]
        if zlib.crc32(body) != crc:
            raise fail("the CRC differs")
        sequence, height, kind = struct.unpack_from("<QQB", body)
        if kind not in (0, 1):
            raise fail("kind %d" % kind)
        if sequence != self.sequence:
            raise fail("sequence %d" % sequence)
        expected = self.open_height
        if expected is not None and height != expected:
            raise fail("height %d in a block of height %d" % (height, expected))
        if expected is None and self.height is not None and height <= self.height:
            raise fail("height %d after height %d" % (height, self.height))
        record = digest("undercut/record/v2", body)
        if kind == 1:
            self.seal(body[17:], record, fail)
            self.height, self.open, self.open_height = height, [], None
            self.heights[self.sequence] = (record, height)
        else:
            self.event(body[17:], record, fail)
            self.open.append(record)
            self.open_height = height
        self.sequence += 1
        if kind == 1:
            self.sealed_records = self.sequence
        return at + 8 + length

    def seal(self, payload, record, fail):
        if len(payload) != SEAL_BYTES:
            raise fail("a seal of %d bytes" % len(payload))
        index, records = struct.unpack_from("<QQ", payload)
        root, previous, history = payload[16:48], payload[80:112], payload[112:144]
        wrong = [
            name
            for name, found, expected in (
                ("index", index, self.seals),
                ("records", records, len(self.open)),
                ("records root", root, list_root(self.open)),
                ("previous seal", previous, self.last_seal),
                ("history", history, self.history.root()),
            )
            if found != expected
        ]
        if wrong:
            raise fail("in the seal: %s" % ", ".join(wrong))
        self.history.add(record)
        self.seals += 1
        self.last_seal = record
        self.counts["seals"] += 1

    def event(self, payload, record, fail):
        name = "event" if self.opaque else Log.decoded.get(record)
        if name is None:
            try:
                name = values.event(payload)
            except values.Refused as refused:
                raise fail("the event: %s" % refused) from None
            Log.decoded[record] = name
        self.counts[name] += 1

    def frames(self, data, at, end):
        while at < end:
            at = self.frame(data, at, end)
        if self.open_height is not None:
            raise Fault("cut off within a block", self.sequence, at)


class Slot:
    """A watermark slot that is whole."""

    def __init__(self, raw):
        fields = struct.unpack("<QQQ32sII", raw)
        self.write, self.records, self.bytes, self.hash, self.continued, _ = fields


def read_slots(data, sequence):
    """The watermark of a segment, and a warning when only one slot is whole."""
    slots = []
    for index, at in enumerate(SLOTS):
        raw = data[at : at + SLOT_BYTES]
        if raw == bytes(SLOT_BYTES):
            slots.append("unwritten")
            continue
        slot = Slot(raw)
        is_whole = zlib.crc32(raw[:60]) == struct.unpack_from("<I", raw, 60)[0]
        is_sound = slot.write > 0 and slot.write % 2 == index and slot.continued in (0, 1)
        is_sound = is_sound and slot.bytes >= SEGMENT_HEADER
        slots.append(slot if is_whole and is_sound else "damaged")
    whole = [slot for slot in slots if isinstance(slot, Slot)]
    if not whole:
        raise Fault("no watermark slot is whole", sequence, SLOTS[0])
    newest = max(whole, key=lambda slot: slot.write)
    older = min(whole, key=lambda slot: slot.write)
    if len(whole) == 2 and newest.write - older.write != 1:
        raise Fault("writes %d and %d" % (older.write, newest.write), sequence, SLOTS[0])
    if older.records > newest.records or older.bytes > newest.bytes:
        raise Fault("a watermark that went back", sequence, SLOTS[0])
    if slots[0] == "unwritten" and slots[1].write == 1:
        return newest, None
    if len(whole) == 1:
        return newest, "watermark slot %d is damaged" % (1 - slots.index(whole[0]))
    return newest, None


class Segment:
    """A segment's header and watermark."""

    def __init__(self, data, log, number):
        sequence = log.sequence
        fail = lambda why, offset: Fault(why, sequence, offset)
        if len(data) < SEGMENT_HEADER:
            raise fail("a segment of %d bytes" % len(data), len(data))
        if data[:8] != b"UNDERCUT":
            raise fail("no segment", 0)
        version, found, first, seals = struct.unpack_from("<IIQQ", data, 8)
        if version != VERSION:
            raise fail("format version %d" % version, 8)
        if zlib.crc32(data[:92]) != struct.unpack_from("<I", data, 92)[0]:
            raise fail("the CRC of the header differs", 92)
        if found != number:
            raise fail("segment %d instead of %d" % (found, number), 12)
        if (first, seals, data[32:64]) != (sequence, log.seals, log.last_seal):
            raise fail("the segment does not follow the one before", 16)
        for start, end in ((64, 92), (96, 4_096), (4_160, 8_192), (8_256, 12_288)):
            if data[start:end].count(0) != end - start:
                raise fail("bytes that should be zero", start)
        self.mark, self.warning = read_slots(data, sequence)


def verify_folder(files, opaque=False):
    """Verifies a folder, given as a map from name to bytes. Returns the log and what to tell."""
    log, told = Log(opaque), []
    names = sorted(name for name in files if re.fullmatch(r"[0-9]{20}\.seg", name))
    if not names:
        raise Fault("there is no segment", 0, 0)
    is_last = False
    for number, name in enumerate(names):
        left = len(names) - number - 1
        try:
            is_last = verify_segment(files[name], log, number, name, left, is_last, told)
        except Fault as fault:
            fault.file = name
            raise
    for name in sorted(files):
        if re.fullmatch(r"[0-9]{20}\.snap", name):
            try:
                verify_snapshot(files[name], log, name)
            except Fault as fault:
                fault.file = name
                raise
        elif name.endswith(".new") and name in ("segment.new", "snapshot.new"):
            told.append("%s is left of a crash" % name)
        elif name != "LOCK" and name not in names:
            told.append("%s does not belong here" % name)
    return log, told


def verify_segment(data, log, number, name, left, was_last, told):
    """Verifies a segment that `left` others follow. Returns whether it says that none does."""
    first = log.sequence
    segment = Segment(data, log, number)
    mark = segment.mark
    if int(name[:20]) != first:
        raise Fault("the name is not the first sequence", first, 0)
    if segment.warning:
        told.append("%s: %s" % (name, segment.warning))
    if mark.bytes > len(data):
        raise Fault("a watermark at %d of %d bytes" % (mark.bytes, len(data)), first, 0)
    log.frames(data, SEGMENT_HEADER, mark.bytes)
    if (mark.records, mark.hash) != (log.sequence, log.last_seal):
        raise Fault("the frames do not end as the watermark says", log.sequence, mark.bytes)
    if mark.continued and not left:
        raise Fault("the next segment is missing", log.sequence, mark.bytes)
    if left and mark.bytes != len(data):
        raise Fault("bytes behind the watermark of a continued segment", log.sequence, mark.bytes)
    # With a damaged slot nobody knows what it said, and so much was told.
    says_last = not mark.continued and not segment.warning
    if left and says_last:
        told.append("%s: not marked as continued, yet another follows" % name)
    if was_last and (left or mark.bytes > SEGMENT_HEADER):
        raise Fault("records behind a segment that is not continued", first, SEGMENT_HEADER)
    if mark.bytes < len(data):
        told.append("%s: %d bytes after the watermark" % (name, len(data) - mark.bytes))
    return says_last


def verify_snapshot(data, log, name):
    fail = lambda why, offset: Fault(why, int(name[:20]), offset)
    if len(data) < SNAPSHOT_HEADER + 32:
        raise fail("a snapshot of %d bytes" % len(data), len(data))
    magic, version, zero, records, head, height, length = struct.unpack_from("<8sIIQ32sQQ", data)
    if (magic, version, zero) != (b"UNDERSNP", 1, 0):
        raise fail("no snapshot of version 1", 0)
    if length != len(data) - SNAPSHOT_HEADER - 32:
        raise fail("a payload of %d bytes" % length, 64)
    if digest("undercut/snapshot/v1", data[:-32]) != data[-32:]:
        raise fail("the digest differs", len(data) - 32)
    if records != int(name[:20]):
        raise fail("the name is not the number of records", 16)
    if log.heights.get(records - 1) != (head, height):
        raise fail("the log has no such seal there", 16)


def verify_frames(data, opaque=False):
    log = Log(opaque)
    log.frames(data, 0, len(data))
    return log, []


def read_folder(path):
    files = {}
    for entry in os.scandir(path):
        files[entry.name] = b""
        if entry.is_file() and re.fullmatch(r"[0-9]{20}\.(seg|snap)", entry.name):
            with open(entry.path, "rb") as file:
                files[entry.name] = file.read()
    return files


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def changed(data, word):
    """Bytes with a change of a batch made to them."""
    what, _, rest = word.partition("=")
    numbers = [int(number) for number in re.split(r"[.+>]", rest)]
    if what == "flip":
        at, bit = numbers
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
    if what == "cut":
        return data[: numbers[0]]
    start, end = numbers[0], numbers[0] + numbers[1]
    if what == "zero":
        return data[:start] + bytes(len(data[start:end])) + data[end:]
    if what == "drop":
        return data[:start] + data[end:]
    if what == "copy":
        return data[: numbers[2]] + data[start:end] + data[numbers[2] :]
    raise ValueError("no change: %s" % word)


def judge(line, opaque):
    """The verdict on a line of a batch."""
    what, path, *words = line.split()
    if what == "event":
        try:
            return "ok %s" % values.event(bytes.fromhex(path))
        except values.Refused as refused:
            return "refused %s" % refused
    whole = {"": read_file(path)} if what == "frames" else read_folder(path)
    name = ""
    for word in words:
        if word.startswith("file="):
            name = word[5:]
        else:
            whole[name] = changed(whole[name], word)
    try:
        verify = (lambda: verify_frames(whole[""], opaque)) if what == "frames" else (
            lambda: verify_folder(whole, opaque)
        )
        log, told = verify()
    except Fault as fault:
        return "refused %d %d %s" % (fault.sequence, fault.offset, fault)
    told = "".join("; " + word for word in told)
    return "ok %d %s%s" % (log.sequence, log.last_seal.hex(), told)


def flips(files, verify, count, seed):
    """Flips bits one at a time; returns those that nobody noticed."""
    draw, missed = random.Random(seed), []
    names = sorted(name for name in files if files[name])
    total = sum(len(files[name]) for name in names)
    for _ in range(count):
        at, bit = draw.randrange(total), draw.randrange(8)
        for name in names:
            if at < len(files[name]):
                break
            at -= len(files[name])
        damaged = dict(files, **{name: changed(files[name], "flip=%d.%d" % (at, bit))})
        try:
            if not verify(damaged)[1]:
                missed.append("%s byte %d bit %d" % (name, at, bit))
        except Fault:
            pass
    return missed


def tell(log, told):
    print("head %s" % log.last_seal.hex())
    print("records %d" % log.sequence)
    for name, count in sorted(log.counts.items()):
        print("%s %d" % (name, count))
    for line in told:
        print("note: %s" % line)


def main():
    first = __doc__.split("\n\n")[0]
    usage = argparse.ArgumentParser(description=first)
    usage.add_argument("folder", nargs="?")
    usage.add_argument("--frames", metavar="FILE")
    usage.add_argument("--batch", metavar="FILE")
    usage.add_argument("--head", metavar="HEX")
    usage.add_argument("--opaque", action="store_true")
    usage.add_argument("--flips", type=int, default=0, metavar="N")
    usage.add_argument("--seed", type=int, default=1, metavar="S")
    args = usage.parse_args()
    if [args.folder, args.frames, args.batch].count(None) != 2:
        usage.error("name one of FOLDER, --frames FILE, --batch FILE")
    if args.batch:
        for line in read_file(args.batch).decode().splitlines():
            print(judge(line, args.opaque))
        return 0
    if args.frames:
        files, verify = {"": read_file(args.frames)}, lambda files: verify_frames(files[""], args.opaque)
    else:
        files, verify = read_folder(args.folder), lambda files: verify_folder(files, args.opaque)
    try:
        log, told = verify(files)
    except Fault as fault:
        print("fault: %s" % fault)
        return 1
    if args.head and args.head.lower() != log.last_seal.hex():
        print("fault: record %d: the log ends with another seal: %s" % (log.sequence, log.last_seal.hex()))
        return 1
    tell(log, told)
    if args.flips and told:
        print("fault: bits are flipped in a log of which there is nothing to tell")
        return 1
    if args.flips:
        missed = flips(files, verify, args.flips, args.seed)
        print("flips %d missed %d" % (args.flips, len(missed)))
        print("".join("missed: %s\n" % line for line in missed[:20]), end="")
        return 1 if missed else 0
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        print("fault: %s" % error)
        sys.exit(1)
