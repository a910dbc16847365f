"""Reads what the checks need from Mach-O files: archives, images, and universal files of either."""

import dataclasses
import struct

ARCHITECTURES = {0x0100000C: "arm64", 0x01000007: "x86_64"}
PLATFORMS = {1: "macos", 2: "ios", 7: "ios-simulator"}

FAT, FAT_64, MACHO_64, ARCHIVE = 0xCAFEBABE, 0xCAFEBABF, 0xFEEDFACF, b"!<arch>\n"
LC_SYMTAB, LC_BUILD_VERSION, LC_VERSION_MIN_IPHONEOS = 0x2, 0x32, 0x25
N_STAB, N_TYPE, N_EXT, N_UNDF = 0xE0, 0x0E, 0x01, 0x00


@dataclasses.dataclass
class Object:
    """One object file or linked image."""

    name: str
    architecture: str
    platform: str | None = None
    minimum: tuple[int, int] | None = None
    defined: set[str] = dataclasses.field(default_factory=set)
    undefined: set[str] = dataclasses.field(default_factory=set)


def read(path):
    """The objects in the file at `path`."""
    yield from _objects(path.read_bytes(), path.name)


def _objects(data, name):
    (magic,) = struct.unpack_from(">I", data)
    if magic in (FAT, FAT_64):
        layout, size = (">iiIII", 20) if magic == FAT else (">iiQQII", 32)
        (count,) = struct.unpack_from(">I", data, 4)
        for index in range(count):
            _, _, offset, length, *_ = struct.unpack_from(layout, data, 8 + index * size)
            yield from _objects(data[offset : offset + length], name)
    elif data.startswith(ARCHIVE):
        for member, content in _members(data):
            yield from _objects(content, member)
    elif struct.unpack_from("<I", data)[0] == MACHO_64:
        yield _object(data, name)
    else:
        raise ValueError(f"{name} is not a Mach-O file")


def _members(data):
    """An archive's members but its symbol tables; names are BSD's, after the header."""
    offset = len(ARCHIVE)
    while offset < len(data):
        name = data[offset : offset + 16].decode().strip()
        length = int(data[offset + 48 : offset + 58])
        content = data[offset + 60 : offset + 60 + length]
        if name.startswith("#1/"):
            cut = int(name[3:])
            name, content = content[:cut].rstrip(b"\0").decode(), content[cut:]
        if not name.startswith("__.SYMDEF"):
            yield name, content
        offset += 60 + length + length % 2


def _object(data, name):
    _, cpu, _, _, commands, _, _, _ = struct.unpack_from("<IiiIIIII", data)
    result = Object(name, ARCHITECTURES.get(cpu, str(cpu)))
    offset = 32
    for _ in range(commands):
        command, size = struct.unpack_from("<II", data, offset)
        if command == LC_BUILD_VERSION:
            platform, minimum = struct.unpack_from("<II", data, offset + 8)
            result.platform, result.minimum = PLATFORMS.get(platform, str(platform)), _version(minimum)
        elif command == LC_VERSION_MIN_IPHONEOS:
            (minimum,) = struct.unpack_from("<I", data, offset + 8)
            result.platform, result.minimum = "ios", _version(minimum)
        elif command == LC_SYMTAB:
            _symbols(data, result, *struct.unpack_from("<IIII", data, offset + 8))
        offset += size
    return result


def _version(packed):
    return packed >> 16, packed >> 8 & 0xFF


def _symbols(data, result, offset, count, strings, _):
    for index in range(count):
        at, kind, _, _, _ = struct.unpack_from("<IBBHQ", data, offset + index * 16)
        if kind & N_STAB or not kind & N_EXT:
            continue
        start = strings + at
        symbol = data[start : data.index(b"\0", start)].decode()
        (result.undefined if kind & N_TYPE == N_UNDF else result.defined).add(symbol)
