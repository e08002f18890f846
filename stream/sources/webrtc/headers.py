"""What the headers of encoded frames state: H.264's parameter sets and slices, VP8's keyframes, Opus's first byte."""

from dataclasses import dataclass

NAL_START = b"\x00\x00\x00\x01"
NAL_SLICE, NAL_IDR, NAL_SPS = 1, 5, 7
B_SLICE, SLICE_TYPES = 1, 5
SLICE_HEADER_BYTES, SPS_BYTES = 16, 256
"""Bytes of a slice and of a parameter set that are read at most."""

PROFILES = {
    44: "CAVLC 4:4:4",
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
    244: "High 4:4:4 Predictive",
}
WITH_CHROMA = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
"""Profiles whose parameter sets state the sampling of the colours; for the others it is 4:2:0."""

LONGEST_CODE, LARGEST = 32, 16_384
"""Zeros before a number in Exp-Golomb code, and pixels of a side, at most."""

CONSTRAINED = 0x40
MACROBLOCK = 16
SCALING_LISTS, SMALL_LISTS, SMALL, LARGE = 8, 6, 16, 64
MONOCHROME, HALVED_BOTH, HALVED_ACROSS, WHOLE = range(4)
VP8_KEYFRAME_BYTES, VP8_SIGNATURE = 10, b"\x9d\x01\x2a"
STEREO = 0x04
OPUS_RATES = (
    (4, 8_000), (8, 12_000), (12, 16_000), (14, 24_000), (16, 48_000),
    (20, 8_000), (24, 16_000), (28, 24_000), (32, 48_000),
)  # fmt: skip
"""Sampling rate of each bandwidth of Opus, by the first configuration beyond it (RFC 6716, table 2)."""


@dataclass(frozen=True)
class Sps:
    """What a sequence parameter set states; width and height as shown, before any turn."""

    profile: str
    level: str
    width: int
    height: int


class Bits:
    """Reads a NAL unit's bits, without the bytes that keep start codes out of it."""

    def __init__(self, data: bytes) -> None:
        clean = data.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value, self._left = int.from_bytes(clean), 8 * len(clean)

    def take(self, count: int) -> int:
        """The next bits as a number.

        Raises
        ------
        ValueError
            If there are not that many.
        """
        if count > self._left:
            raise ValueError("the unit ends too soon")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        """The next unsigned number in Exp-Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > LONGEST_CODE:
                raise ValueError("no number of H.264 is that long")
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        """The next signed number in Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def nal_starts(data: bytes) -> list[int]:
    """Where start codes are that have a unit after them."""
    starts, at = [], data.find(NAL_START)
    while 0 <= at < len(data) - len(NAL_START):
        starts.append(at)
        at = data.find(NAL_START, at + len(NAL_START))
    return starts


def sps_in(data: bytes) -> Sps | None:
    """The sequence parameter set of a picture in Annex B; None without one, or if it cannot be read."""
    unit = _first_unit(data, (NAL_SPS,), SPS_BYTES)
    if unit is None:
        return None
    try:
        return _read_sps(Bits(unit[1:]))
    except ValueError:
        return None


def is_bidirectional(data: bytes) -> bool:
    """Whether a picture in Annex B has a B slice."""
    unit = _first_unit(data, (NAL_SLICE, NAL_IDR), SLICE_HEADER_BYTES)
    if unit is None:
        return False
    bits = Bits(unit[1:])
    try:
        bits.ue()  # the slice's first macroblock
        return bits.ue() % SLICE_TYPES == B_SLICE
    except ValueError:
        return False


def vp8_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a VP8 keyframe; None for other frames."""
    if len(data) < VP8_KEYFRAME_BYTES or data[0] & 1 or data[3:6] != VP8_SIGNATURE:
        return None
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def opus_sound(data: bytes) -> tuple[int, int] | None:
    """Sampling rate that an Opus packet's bandwidth needs, and its channels; None for an empty one."""
    if not data:
        return None
    configuration = data[0] >> 3
    rate = next(rate for beyond, rate in OPUS_RATES if configuration < beyond)
    return rate, 2 if data[0] & STEREO else 1


def _first_unit(data: bytes, kinds: tuple[int, ...], size: int) -> bytes | None:
    """The beginning of the first unit of one of these types."""
    at = data.find(NAL_START)
    while 0 <= at < len(data) - len(NAL_START):
        begin = at + len(NAL_START)
        if data[begin] & 0x1F in kinds:
            end = data.find(NAL_START, begin, begin + size)
            return data[begin : end if end >= 0 else begin + size]
        at = data.find(NAL_START, begin)
    return None


def _read_sps(bits: Bits) -> Sps:
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.ue()  # its number
    chroma = _read_chroma(bits) if profile in WITH_CHROMA else HALVED_BOTH
    bits.ue()  # size of frame numbers
    _skip_order(bits)
    bits.ue()  # reference frames
    bits.take(1)
    across, down = bits.ue() + 1, bits.ue() + 1
    whole = bits.take(1)
    if not whole:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = (bits.ue() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    step_x = 2 if chroma in (HALVED_BOTH, HALVED_ACROSS) else 1
    step_y = (2 if chroma == HALVED_BOTH else 1) * (2 - whole)
    width = MACROBLOCK * across - step_x * (left + right)
    height = MACROBLOCK * down * (2 - whole) - step_y * (top + bottom)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError("no picture has this size")
    return Sps(_profile(profile, constraints), f"{level // 10}.{level % 10}", width, height)


def _profile(number: int, constraints: int) -> str:
    name = PROFILES.get(number, str(number))
    return f"Constrained {name}" if name == "Baseline" and constraints & CONSTRAINED else name


def _read_chroma(bits: Bits) -> int:
    """Read what the high profiles add; return how colours are sampled."""
    chroma = bits.ue()
    if chroma == WHOLE:
        bits.take(1)
    bits.ue(), bits.ue()  # depth of luma and of the colours
    bits.take(1)
    if bits.take(1):
        for index in range(SCALING_LISTS if chroma != WHOLE else SCALING_LISTS + 4):
            if bits.take(1):
                _skip_scaling_list(bits, SMALL if index < SMALL_LISTS else LARGE)
    return chroma


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _skip_order(bits: Bits) -> None:
    """Skip how the order of the pictures is coded."""
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.take(1)
        bits.se(), bits.se()
        for _ in range(bits.ue()):
            bits.se()
