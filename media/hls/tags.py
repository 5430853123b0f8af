"""The tags of a media playlist, each as RFC 8216bis writes it."""

from datetime import UTC, datetime

from msgspec import Struct


class ServerControl(Struct, frozen=True):
    """EXT-X-SERVER-CONTROL (4.4.3.8). Hold-backs in seconds; PART-HOLD-BACK MUST be at least twice PART-TARGET."""

    part_hold_back_s: float
    hold_back_s: float
    can_skip_until_s: float

    def __str__(self) -> str:
        return (
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={self.can_skip_until_s:.3f},"
            f"HOLD-BACK={self.hold_back_s:.3f},PART-HOLD-BACK={self.part_hold_back_s:.3f}"
        )


def map_(uri: str) -> str:
    """EXT-X-MAP (4.4.4.5)."""
    return f'#EXT-X-MAP:URI="{uri}"'


def program_date_time(microseconds: int) -> str:
    """EXT-X-PROGRAM-DATE-TIME (4.4.4.6), milliseconds of UTC."""
    moment = datetime.fromtimestamp(microseconds / 1e6, UTC)
    return f"#EXT-X-PROGRAM-DATE-TIME:{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{moment.microsecond // 1000:03d}Z"


def part(duration_s: float, uri: str, *, independent: bool) -> str:
    """EXT-X-PART (4.4.4.9)."""
    return f'#EXT-X-PART:DURATION={duration_s:.5f},URI="{uri}"' + (",INDEPENDENT=YES" if independent else "")


def segment(duration_s: float, uri: str) -> str:
    """EXTINF and its URI (4.4.4.1)."""
    return f"#EXTINF:{duration_s:.5f},\n{uri}"


def preload_hint(uri: str) -> str:
    """EXT-X-PRELOAD-HINT (4.4.5.3) of the part that comes next."""
    return f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{uri}"'


def rendition_report(uri: str, last_msn: int, last_part: int) -> str:
    """EXT-X-RENDITION-REPORT (4.4.5.4): how far another rendition has come."""
    return f'#EXT-X-RENDITION-REPORT:URI="{uri}",LAST-MSN={last_msn},LAST-PART={last_part}'


def skip(segments: int) -> str:
    """EXT-X-SKIP (4.4.5.2): so many segments are as they were."""
    return f"#EXT-X-SKIP:SKIPPED-SEGMENTS={segments}"
