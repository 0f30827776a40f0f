"""What networks and slow disks do to a capture, done to a file on purpose and the same each time."""

import random
import struct

SEED = 20
HEADER = 24
# One packet in so many is lost, moved or seen twice; the first ones, which open the connection, are left alone.
LOST = 9
MOVED = 3
TWICE = 7
OPENING = 4


def read(path):
    data = path.read_bytes()
    packets = []
    place = HEADER
    while place < len(data):
        length = struct.unpack("<I", data[place + 8:place + 12])[0]
        packets.append(data[place:place + 16 + length])
        place += 16 + length
    return data[:HEADER], packets


def disorder(packets, choice):
    opening, rest = packets[:OPENING], packets[OPENING:]
    rest = [packet for packet in rest for _ in range(2 if choice.randrange(TWICE) == 0 else 1)]
    for place in range(len(rest) - 2):
        if choice.randrange(MOVED) == 0:
            rest.insert(place + 2, rest.pop(place))
    return opening + rest


def lose(packets, choice):
    return packets[:OPENING] + [packet for packet in packets[OPENING:] if choice.randrange(LOST)]


def damage(path, kinds):
    header, packets = read(path)
    choice = random.Random(SEED)
    for kind in kinds:
        packets = {"disorder": disorder, "lose": lose}[kind](packets, choice)
    path.write_bytes(header + b"".join(packets))
