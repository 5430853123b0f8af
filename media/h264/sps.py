"""What does a sequence parameter set say (ITU-T H.264, 7.3.2.1.1)? Size, profile and level are read from it alone."""

from typing import Final

from msgspec import Struct

from media.h264.bits import BitReader
from media.h264.nal_unit import without_emulation_prevention

_LARGEST: Final = 16_384  # level 6.2 ends at 139,264 macroblocks, 8 k by 4 k
_DEEPEST: Final = 14
_EXTENDED_SAR: Final = 255
_WITH_CHROMA: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class SequenceParameterSet(Struct, frozen=True):
    """Width and height are what is shown, after cropping, in luma samples."""

    profile: int
    compatibility: int
    level: int
    chroma_format: int
    bit_depth_luma: int
    bit_depth_chroma: int
    width: int
    height: int
    frames_a_second: float = 0.0
    """As the usability information promises (annex E); 0 when it does not, as with a browser."""

    @property
    def codec(self) -> str:
        """RFC 6381: `avc1.42e01f`."""
        return f"avc1.{self.profile:02x}{self.compatibility:02x}{self.level:02x}"


def parse(nal_unit: bytes) -> SequenceParameterSet:
    """Read an SPS NAL unit. Raises ValueError when it is none or is cut short."""
    if len(nal_unit) < 4 or nal_unit[0] & 0x1F != 7:
        raise ValueError("not a sequence parameter set")
    bits = BitReader(without_emulation_prevention(nal_unit)[4:])
    profile, compatibility, level = nal_unit[1:4]
    bits.ue()  # seq_parameter_set_id
    chroma, luma_depth, chroma_depth = _chroma(bits) if profile in _WITH_CHROMA else (1, 8, 8)
    bits.ue()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
    bits.ue()  # max_num_ref_frames
    bits.u(1)  # gaps_in_frame_num_value_allowed_flag
    width, height = _size(bits, chroma)
    rate = _frames_a_second(bits)
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST and max(luma_depth, chroma_depth) <= _DEEPEST):
        raise ValueError(f"{width} by {height} at {luma_depth} and {chroma_depth} bits is no picture")
    return SequenceParameterSet(profile, compatibility, level, chroma, luma_depth, chroma_depth, width, height, rate)


def _chroma(bits: BitReader) -> tuple[int, int, int]:
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    luma_depth, chroma_depth = bits.ue() + 8, bits.ue() + 8
    bits.u(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.u(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma_depth, chroma_depth


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _skip_picture_order(bits: BitReader) -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()


def _size(bits: BitReader, chroma: int) -> tuple[int, int]:
    width_in_blocks, height_in_map_units = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.u(1)
    if not frames_only:
        bits.u(1)  # mb_adaptive_frame_field_flag
    bits.u(1)  # direct_8x8_inference_flag
    left = right = top = bottom = 0
    if bits.u(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    height = height_in_map_units * 16 * (2 - frames_only)
    return width_in_blocks * 16 - unit_x * (left + right), height - unit_y * (top + bottom)


def _frames_a_second(bits: BitReader) -> float:
    """What stands in the VUI before `timing_info` is skipped (E.1.1); a field lasts one tick, a frame two."""
    if not bits.u(1):
        return 0.0
    if bits.u(1) and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.u(1):
        bits.u(1)  # overscan_appropriate_flag
    if bits.u(1):
        bits.u(4)  # video_format, video_full_range_flag
        if bits.u(1):
            bits.u(24)  # colour primaries, transfer, matrix
    if bits.u(1):
        bits.ue()  # chroma_sample_loc_type_top_field
        bits.ue()
    if not bits.u(1):
        return 0.0
    ticks, scale = bits.u(32), bits.u(32)
    return scale / (2 * ticks) if ticks else 0.0
