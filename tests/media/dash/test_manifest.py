"""A DASH manifest says what the index knows: every whole segment once, at its time, in Periods players can join."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from media.dash.manifest import Names, render
from schemas.media import AAC, AUDIO, VIDEO
from tests.media.hls.given import BEGAN_US, PATHS, Log

NAMES = Names(PATHS.init, lambda rendition: f"{rendition}/$Number$.m4s")
NOW = datetime.fromtimestamp(BEGAN_US / 1e6, UTC) + timedelta(seconds=9)
NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}


def mpd(log: Log, now: datetime | None = None) -> ET.Element:
    """As it is while it is recorded, or long after that."""
    when = now or (NOW + timedelta(hours=1) if log.index.ended else NOW)
    return ET.fromstring(render(log.index, NAMES, 2.0, when))


def seconds(text: str) -> float:
    found = re.fullmatch(r"PT([0-9.]+)S", text)
    assert found, text
    return float(found[1])


def representations(tree: ET.Element, period: int = 0) -> dict[str, ET.Element]:
    found = tree.findall("d:Period", NS)[period].iterfind(".//d:Representation", NS)
    return {one.attrib["id"]: one for one in found}


def listed(representation: ET.Element) -> list[tuple[str, float, float]]:
    """URL, presentation time within the Period, duration: as 5.3.9.6 expands a timeline."""
    template = representation.find("d:SegmentTemplate", NS)
    assert template is not None
    scale, offset = int(template.attrib["timescale"]), int(template.attrib["presentationTimeOffset"])
    number, found, at = int(template.attrib["startNumber"]), [], 0
    for s in template.iterfind("d:SegmentTimeline/d:S", NS):
        at, duration = int(s.attrib.get("t", at)), int(s.attrib["d"])
        for _ in range(int(s.attrib.get("r", "0")) + 1):
            url = template.attrib["media"].replace("$Number$", str(number))
            found.append((url, (at - offset) / scale, duration / scale))
            number, at = number + 1, at + duration
    return found


def both(last: int = 3) -> Log:
    return Log().init().init(AUDIO, codec="opus").segments(0, last, VIDEO, AUDIO)


def test_an_ended_one_is_static_and_lists_every_segment_at_its_time() -> None:
    tree = mpd(both().end())
    assert tree.attrib["type"] == "static"
    assert seconds(tree.attrib["mediaPresentationDuration"]) == pytest.approx(8)
    for name, found in representations(tree).items():
        assert [url for url, _, _ in listed(found)] == [f"{name}/{n}.m4s" for n in range(4)]
        assert [at for _, at, _ in listed(found)] == pytest.approx([0, 2, 4, 6])


def test_what_renditions_are_made_of_is_said() -> None:
    tree = mpd(both().init(AAC, codec="mp4a.40.2").segments(0, 3, AAC).end())
    found = representations(tree)
    assert found[VIDEO].attrib | {"bandwidth": ""} == {
        "id": VIDEO, "bandwidth": "", "codecs": "avc1.42e01f", "width": "1280", "height": "720",
    }  # fmt: skip
    assert int(found[VIDEO].attrib["bandwidth"]) == pytest.approx(6 * 100_000 * 8 / 2, rel=0.01)
    assert found[AUDIO].attrib["audioSamplingRate"] == "48000"
    sets = tree.findall(".//d:AdaptationSet", NS)
    assert [one.attrib["mimeType"] for one in sets] == ["video/mp4", "audio/mp4", "audio/mp4"]


def test_rungs_are_one_adaptation_set() -> None:
    log = both()
    log.index.renditions["360p"] = log.index.renditions[VIDEO].__class__(
        "360p", log.index.renditions[VIDEO].inits, log.index.renditions[VIDEO].segments
    )
    sets = mpd(log.end()).findall(".//d:AdaptationSet", NS)
    assert [len(one.findall("d:Representation", NS)) for one in sets] == [2, 1]


def test_a_rendition_that_joins_within_a_period_does_not_divide_it() -> None:
    log = both(2)
    log.init("live360").segments(3, 6, VIDEO, AUDIO, "live360")
    for tree in (mpd(log), mpd(log.end())):
        assert len(tree.findall("d:Period", NS)) == 1
        assert set(representations(tree)) == {VIDEO, AUDIO}


def test_while_live_the_newest_segment_waits_until_it_is_whole() -> None:
    tree = mpd(both())
    assert tree.attrib["type"] == "dynamic"
    assert "mediaPresentationDuration" not in tree.attrib
    assert [url for url, _, _ in listed(representations(tree)[VIDEO])] == [f"video/{n}.m4s" for n in range(3)]
    assert datetime.fromisoformat(tree.attrib["availabilityStartTime"]).timestamp() == pytest.approx(BEGAN_US / 1e6)
    clock = tree.find("d:UTCTiming", NS)
    assert clock is not None
    assert datetime.fromisoformat(clock.attrib["value"]) == NOW


def test_who_has_watched_live_is_told_where_it_ends() -> None:
    tree = mpd(both().end(), NOW)
    assert tree.attrib["type"] == "dynamic"
    assert "minimumUpdatePeriod" not in tree.attrib
    assert seconds(tree.attrib["mediaPresentationDuration"]) == pytest.approx(8)
    assert len(listed(representations(tree)[VIDEO])) == 4


def test_after_a_pause_the_newest_segment_is_live_again() -> None:
    log = both()
    for number in range(4, 7):
        for rendition in (VIDEO, AUDIO):
            log.segment(number, rendition, stretch=1, paused_s=60.0)
    began = datetime.fromisoformat(mpd(log).attrib["availabilityStartTime"]).timestamp()
    assert began == pytest.approx(BEGAN_US / 1e6 + 60)


def test_a_decoder_that_begins_afresh_and_a_new_init_are_periods() -> None:
    log = both(1)
    log.init(VIDEO, 1)
    log.part(2, 0, discontinuity=True).segment(2, AUDIO)
    for number in range(1, 6):
        log.part(2, number)
    log.segments(3, 3, VIDEO, AUDIO)
    tree = mpd(log.end())
    periods = tree.findall("d:Period", NS)
    assert [seconds(one.attrib["start"]) for one in periods] == pytest.approx([0, 4])
    assert sum(seconds(one.attrib["duration"]) for one in periods) == pytest.approx(8)
    inits = [representations(tree, n)[VIDEO].find("d:SegmentTemplate", NS) for n in range(2)]
    assert [one.attrib["initialization"] for one in inits if one is not None] == [
        "video/init-0.mp4",
        "video/init-1.mp4",
    ]
    assert listed(representations(tree, 1)[VIDEO])[0][:2] == ("video/2.m4s", pytest.approx(0))


def test_where_one_rendition_has_a_hole_its_numbers_stay_right() -> None:
    log = both(1).segments(2, 3, VIDEO).segment(4).part(4, 0, AUDIO, hole_s=4.0)
    for number in range(1, 6):
        log.part(4, number, AUDIO)
    tree = mpd(log.end())
    found = [
        {name: [url for url, _, _ in listed(one)] for name, one in representations(tree, n).items()} for n in range(3)
    ]
    assert found == [
        {VIDEO: ["video/0.m4s", "video/1.m4s"], AUDIO: ["audio/0.m4s", "audio/1.m4s"]},
        {VIDEO: ["video/2.m4s", "video/3.m4s"]},
        {VIDEO: ["video/4.m4s"], AUDIO: ["audio/4.m4s"]},
    ]


def test_periods_that_are_past_never_change() -> None:
    log, seen = both(1), list[list[tuple[str, ...]]]()
    for number in range(2, 9):
        if number == 5:
            log.init(VIDEO, 1)
        for rendition in (VIDEO, AUDIO):
            log.segment(number, rendition)
        seen.append([tuple(one.attrib[word] for word in ("id", "start")) for one in mpd(log).findall("d:Period", NS)])
    for before, after in pairwise(seen):
        assert after[: len(before)] == before


def test_before_there_is_a_whole_segment_there_is_no_manifest() -> None:
    with pytest.raises(ValueError, match="whole"):
        mpd(Log().init().part(0, 0))
