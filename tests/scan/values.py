"""Makes the values that the corpus plants: credentials of every kind, and noise that resembles them.

Everything is drawn from the seeded generator that is passed in; no value stands in the source.
"""

import base64
import random
import struct

REGIONS = ("na1", "na2", "na3", "eu1", "ap1")

KINDS = (
    "hapikey",
    "developer_key",
    "private_app_token",
    "keyway_token",
    "oauth_client_secret",
    "oauth_refresh_token",
    "oauth_access_token",
    "personal_access_key",
    "webhook_secret",
)

_HEX = "0123456789abcdef"


def hex_text(rng: random.Random, length: int) -> str:
    """Random lower-case hex digits."""
    return "".join(rng.choice(_HEX) for _ in range(length))


def uuid_text(rng: random.Random) -> str:
    """A random UUID of version 4."""
    variant = rng.choice("89ab")
    return "-".join(
        (hex_text(rng, 8), hex_text(rng, 4), "4" + hex_text(rng, 3), variant + hex_text(rng, 3), hex_text(rng, 12))
    )


def routed_text(rng: random.Random, region: str) -> str:
    """The routed form of a key: region, four groups of four, one of twelve."""
    groups = [hex_text(rng, 4) for _ in range(4)] + [hex_text(rng, 12)]
    return "-".join([region, *groups])


def private_app_token(rng: random.Random, region: str) -> str:
    """A private-app token, service key or static token; they look alike."""
    return "-".join(("pat", region, uuid_text(rng)))


def keyway_token(rng: random.Random, region: str) -> str:
    """A token of Keyway's: like a private-app token, but version 8 and ending in a checksum."""
    raw = bytearray(rng.randbytes(16))
    raw[6] = 0x80 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    raw[13:] = blake3_short(b"keyway token v1\0" + region.encode() + bytes(raw[:13]))[:3]
    digits = raw.hex()
    cuts = (0, 8, 12, 16, 20, 32)
    return "-".join(["pat", region, *(digits[a:b] for a, b in zip(cuts, cuts[1:]))])


def access_token(rng: random.Random) -> str:
    """An OAuth access token: base64url, without padding, of a small protobuf message."""
    body = b"\x08" + varint(1_780_000_000_000 + rng.randrange(10**10))
    body += b"\x12" + length_prefixed(rng.randbytes(rng.randint(7, 24)))
    body += b"\x18" + varint(rng.randrange(10**5, 10**8)) + b"\x20" + varint(rng.randrange(10**6, 10**8))
    body += b"\x28" + varint(rng.randrange(10**5, 10**7)) + b"\x32" + length_prefixed(rng.randbytes(20))
    body += b"\x42" + length_prefixed(rng.randbytes(rng.randint(20, 60))) + b"\x4a\x03" + rng.choice(REGIONS).encode()
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def personal_access_key(rng: random.Random, region: str) -> str:
    """A personal access key of the command-line tool: base64 of a message that opens with a routed key."""
    body = b"\x0a\x24" + routed_text(rng, region).encode()
    body += b"\x10" + varint(rng.randrange(2**21, 2**27)) + b"\x18" + varint(rng.randrange(2**21, 2**27))
    body += b"\x2a" + length_prefixed(rng.randbytes(78 - len(body)))
    encode = base64.urlsafe_b64encode if rng.random() < 0.7 else base64.b64encode
    return encode(body).decode().rstrip("=")


def varint(number: int) -> bytes:
    """A protobuf variable-length integer."""
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | (number & 0x7F))
        number >>= 7
    out.append(number)
    return bytes(out)


def length_prefixed(data: bytes) -> bytes:
    """A protobuf length-delimited field's content."""
    return varint(len(data)) + data


def credential(rng: random.Random, kind: str, form: str, region: str) -> str:
    """A credential of `kind`; `form` is "bare" (a UUID), "routed" or "" (either, where both exist)."""
    if kind == "private_app_token":
        return private_app_token(rng, region)
    if kind == "keyway_token":
        return keyway_token(rng, region)
    if kind == "oauth_access_token":
        return access_token(rng)
    if kind == "personal_access_key":
        return personal_access_key(rng, region)
    if kind in ("hapikey", "developer_key", "oauth_refresh_token"):
        share_routed = {"hapikey": 0.25, "developer_key": 0.25, "oauth_refresh_token": 0.65}[kind]
        routed = form == "routed" or (not form and rng.random() < share_routed)
        return routed_text(rng, region) if routed else uuid_text(rng)
    return uuid_text(rng)


def noise(rng: random.Random, what: str) -> str:
    """A value that is no credential of HubSpot's; `what` may end in a number, its length."""
    name = what.rstrip("0123456789")
    length = int(what[len(name):] or 8)
    if name == "uuid":
        return uuid_text(rng)
    if name == "UUID":
        return uuid_text(rng).upper()
    if name == "hex":
        return hex_text(rng, length)
    if name == "num":
        return rng.choice("123456789") + "".join(rng.choice("0123456789") for _ in range(length - 1))
    if name == "b64_":
        return base64.b64encode(rng.randbytes(length)).decode()
    if name == "word":
        letters = "abcdefghijklmnopqrstuvwxyz"
        return "".join(rng.choice(letters) for _ in range(length))
    if name == "alnum":
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(rng.choice(letters) for _ in range(length))
    if name == "jwt":
        return json_web_token(rng)
    if name == "routed":
        return routed_text(rng, rng.choice(REGIONS))
    raise ValueError(f"unknown noise: {what}")


def json_web_token(rng: random.Random) -> str:
    """A signed JSON web token of somebody else's."""
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"' + noise(rng, "num9").encode() + b'"}', rng.randbytes(32))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def uuid_of(*digits: str) -> str:
    """A UUID whose five groups repeat the given texts, for placeholders."""
    sizes = (8, 4, 4, 4, 12)
    return "-".join((digit * size)[:size] for digit, size in zip(digits, sizes))


PLACEHOLDERS = {
    "zeros": uuid_of("0", "0", "0", "0", "0"),
    "ones": uuid_of("1", "1", "1", "1", "1"),
    "count": uuid_of("12345678", "1234", "1234", "1234", "123456789012"),
    "letters": uuid_of("a", "b", "c", "d", "e"),
    "exes": uuid_of("x", "x", "x", "x", "x"),
    "EXES": uuid_of("X", "X", "X", "X", "X"),
    "stars": uuid_of("*", "*", "*", "*", "*"),
    "fives": uuid_of("5", "5", "5", "5", "5"),
    "routed_letters": "-".join(("na1", "aaaa", "bbbb", "cccc", "dddd", "e" * 12)),
    "routed_exes": "-".join(("eu1", "xxxx", "xxxx", "xxxx", "xxxx", "x" * 12)),
    "key": "YOUR_API_KEY",
    "Key": "<your-hubspot-api-key>",
    "token": "YOUR_PRIVATE_APP_TOKEN",
    "secret": "your-client-secret-here",
    "change": "changeme",
}


# BLAKE3 of an input of at most one block (64 bytes), which is all that the checksum needs.

_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
_PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
_DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
_CHUNK_START, _CHUNK_END, _ROOT = 1, 2, 8
_MASK = 0xFFFFFFFF


def blake3_short(data: bytes) -> bytes:
    """The BLAKE3 hash of at most 64 bytes."""
    if len(data) > 64:
        raise ValueError("one block only")
    words = list(struct.unpack("<16I", data.ljust(64, b"\0")))
    state = [*_IV, *_IV[:4], 0, 0, len(data), _CHUNK_START | _CHUNK_END | _ROOT]
    for _ in range(7):
        for index, lanes in enumerate(_COLUMNS + _DIAGONALS):
            _mix(state, lanes, words[2 * index], words[2 * index + 1])
        words = [words[source] for source in _PERMUTATION]
    return struct.pack("<8I", *(state[i] ^ state[i + 8] for i in range(8)))


def _mix(state: list, lanes: tuple, first: int, second: int) -> None:
    """The quarter round of BLAKE3."""
    a, b, c, d = lanes
    for word, turn_d, turn_b in ((first, 16, 12), (second, 8, 7)):
        state[a] = (state[a] + state[b] + word) & _MASK
        state[d] = _rotate(state[d] ^ state[a], turn_d)
        state[c] = (state[c] + state[d]) & _MASK
        state[b] = _rotate(state[b] ^ state[c], turn_b)


def _rotate(word: int, bits: int) -> int:
    """Rotates a 32-bit word right."""
    return ((word >> bits) | (word << (32 - bits))) & _MASK
