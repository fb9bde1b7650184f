# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every parser on recordings of its instrument, whole, cut off and broken.

The recordings are of a virtual machine under emulation (sockperf's: of a loopback), so their latencies mean nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram
from ansible_collections.ull.metal.plugins.module_utils.latency.instruments import INSTRUMENTS, parse
from ansible_collections.ull.metal.plugins.module_utils.latency.quantiles import quantiles
from ansible_collections.ull.metal.plugins.module_utils.latency.reading import joined

FOLDER = Path(__file__).resolve().parents[2] / "fixtures/latency"
HEADERLESS = {"columns": ("CPU-003",), "unit": "us"}
PINGPONG = json.dumps(
    {
        "instrument": "udp_pingpong",
        "schema": 1,
        "timestamps": "software",
        "cpu": 3,
        "duration_s": 1.5,
        "sent": 4,
        "received": 3,
        "histogram": Histogram.of([20_100, 20_300, 45_000]).as_dict(),
    }
)
RECORDINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "cyclictest.json": ("cyclictest", {}),
    "cyclictest.txt": ("cyclictest", {"cpus": "3"}),
    "oslat.json": ("oslat", {}),
    "oslat.txt": ("oslat", {}),
    "hwlatdetect.txt": ("hwlatdetect", {}),
    "rtla-timerlat-hist.txt": ("rtla_timerlat", {}),
    "rtla-timerlat-top.txt": ("rtla_timerlat", {}),
    "rtla-osnoise-hist.txt": ("rtla_osnoise", HEADERLESS),
    "rtla-osnoise-top.txt": ("rtla_osnoise", {}),
    "sockperf-ping-pong.txt": ("sockperf", {}),
    "sockperf-full-rtt.txt": ("sockperf", {}),
    "sockperf-full-rtt.csv": ("sockperf", {}),
    "sockperf-under-load.csv": ("sockperf", {}),
    "udp-pingpong.json": ("udp_pingpong", {}),
}


def text(name: str) -> str:
    return PINGPONG if name == "udp-pingpong.json" else (FOLDER / name).read_text(encoding="utf-8")


def read(name: str, said: str | None = None, **hints: Any):
    instrument, usual = RECORDINGS[name]
    return parse(instrument, text(name) if said is None else said, **{**usual, **hints})


def shown(reading) -> dict[str, str]:
    return {name: str(each.value) for name, each in quantiles(reading.histogram).items()}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_read(name):
    for reading in read(name):
        assert reading.instrument == RECORDINGS[name][0]
        assert reading.samples > 0
        if reading.histogram is not None:
            assert reading.histogram.count == reading.samples
            assert reading.histogram.max_ns == reading.max_ns


def test_every_instrument_has_a_recording():
    assert {instrument for instrument, _hints in RECORDINGS.values()} == set(INSTRUMENTS)


@pytest.mark.parametrize("pair", [("cyclictest.json", "cyclictest.txt"), ("oslat.json", "oslat.txt")])
def test_json_and_text_of_one_run_say_the_same(pair):
    one, other = (read(name)[0] for name in pair)
    assert one.histogram == other.histogram
    assert one.cpus == other.cpus == "3"
    assert (one.min_ns, one.max_ns) == (other.min_ns, other.max_ns)


def test_cyclictest():
    reading = read("cyclictest.json")[0]
    assert (reading.samples, reading.min_ns, reading.max_ns) == (7572, 31_000, 39_395_000)
    # 717 of 7572 wake-ups were later than the histogram's 1000 rows
    assert reading.histogram.over == {1_000_000: 717}
    assert shown(reading) == {"p50": "83.0 us", "p90": "898 us", "p99": "above 1.00 ms", "p99.9": "above 1.00 ms"}


def test_oslat_counts_from_the_lower_end_of_a_row():
    reading = read("oslat.json")[0]
    assert reading.histogram.over == {31_000: 3373}
    # the row "2" is of 1 us and more, less than 2; the least was 1
    assert shown(reading)["p50"] == "1.00 us"
    assert reading.duration_s == 10.008


def test_hwlatdetect_has_only_what_is_above_its_threshold():
    reading = read("hwlatdetect.txt")[0]
    assert (reading.threshold_ns, reading.samples, reading.max_ns) == (10_000, 5, 50_206_000)
    assert reading.counts == {"cpu0": 1, "cpu1": 2, "cpu2": 1, "cpu3": 1}


def test_hwlatdetect_that_found_nothing():
    lines = text("hwlatdetect.txt").splitlines()[:-5]
    said = "\n".join(lines).replace("50206us", "0us").replace(": 5\n", ": 0\n").replace("threshold: 5", "threshold: 0")
    reading = parse("hwlatdetect", said.replace("Max Latency: 0us", "Max Latency: Below threshold") + "\n")[0]
    assert (reading.samples, reading.max_ns) == (0, None)


def test_timerlat_has_a_reading_a_context():
    found = {reading.context: reading for reading in read("rtla-timerlat-hist.txt")}
    assert list(found) == ["irq", "thread", "user"]
    # it ran with --nano and its 256 rows, which are 256 ns: all samples are above
    assert found["irq"].histogram.over == {256: 4362}
    assert shown(found["irq"])["p50"] == "above 256 ns"
    assert found["user"].max_ns == 59_554_269


def test_screens_have_no_histogram():
    assert [reading.max_ns for reading in read("rtla-timerlat-top.txt")] == [44_424_000, 44_552_000, 44_701_000]
    noise = read("rtla-osnoise-top.txt")[0]
    assert noise.histogram is None
    assert noise.counts["hw"] == 2995
    assert noise.max_ns == 121_603_000


def test_osnoise_without_a_header_does_not_guess():
    with pytest.raises(UllError, match="header is missing"):
        read("rtla-osnoise-hist.txt", columns=(), unit="")
    assert read("rtla-osnoise-hist.txt")[0].histogram.over == {256_000: 1074}


def test_sockperf_by_log_and_by_summary():
    reading = read("sockperf-full-rtt.csv")[0]
    assert reading.measures == "round trip"
    assert shown(reading)["p50"] == "59.1 us"
    assert (reading.min_ns, reading.max_ns) == (27_861, 2_109_531)
    summary = read("sockperf-ping-pong.txt")[0]
    assert (summary.measures, summary.histogram, summary.samples) == ("half a round trip", None, 59_511)


def test_udp_pingpong():
    reading = read("udp-pingpong.json")[0]
    assert reading.counts == {"sent": 4, "lost": 1, "unstamped": 0}
    assert (reading.samples, reading.cpus) == (3, "3")


def test_several_threads():
    said = json.loads(text("cyclictest.json"))
    said["num_threads"], said["thread"]["1"] = 2, {**said["thread"]["0"], "cpu": 5}
    found = read("cyclictest.json", json.dumps(said))
    assert [reading.cpus for reading in found] == ["3", "5"]
    whole = joined(found)
    assert [(each.cpus, each.samples, each.mean_ns) for each in whole] == [("3,5", 15_144, 485_420.0)]
    assert whole[0].histogram.over == {1_000_000: 1434}


# Broken ones.


@pytest.mark.parametrize("name", RECORDINGS)
@given(st.data())
def test_cut_off_anywhere_it_is_refused_or_was_whole(name, data):
    said = text(name)
    end = data.draw(st.integers(0, len(said) - 1))
    whole = read(name)
    try:
        found = read(name, said[:end])
    except UllError as error:
        assert error.variable == f"{RECORDINGS[name][0]} output"
        assert error.remedy
    else:
        assert found == whole, f"cut off after {end} of {len(said)} characters"


@pytest.mark.parametrize("name", RECORDINGS)
@given(st.data())
def test_whatever_is_wrong_it_is_named(name, data):
    said = text(name)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(said) - 1))
        length = data.draw(st.integers(0, 20))
        said = said[:at] + data.draw(st.text('0123456789-.:{}[]",# \n\tnulltruexeE²', max_size=6)) + said[at + length :]
        if not said:
            return
    try:
        assert isinstance(read(name, said), list)
    except UllError as error:
        assert "output of" in error.message


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize(
    "said", ["", "{}", "[]", "{", "[" * 100_000, '{"thread": {}, "num_threads": 0}', "\x00", "null"]
)
def test_nothing_of_it_is_there(name, said):
    with pytest.raises(UllError, match="not whole"):
        read(name, said)


def without(name: str, *path: str) -> str:
    said = json.loads(text(name))
    inner = said
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return json.dumps(said)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("thread", "0", "histogram"), "run it with -h"),
        (("cmdline:",), "the option -h on its command line"),
        (("thread", "0", "cycles"), "cycles is no number"),
        (("num_threads",), "num_threads is no number"),
        (("resolution_in_ns",), "resolution_in_ns is no number"),
    ],
)
def test_what_cyclictest_must_say(path, words):
    with pytest.raises(UllError, match=words):
        read("cyclictest.json", without("cyclictest.json", *path))


def replaced(name: str, *pairs: tuple[str, str]) -> str:
    said = text(name)
    for old, new in pairs:
        assert old in said, old
        said = said.replace(old, new)
    return said


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("cyclictest.json", '"cycles": 7572', '"cycles": 6854', "holds 6855 of 6854 cycles"),
        ("cyclictest.json", '"max": 39395', '"max": 500', "below"),
        ("cyclictest.json", '"return_code": 0', '"return_code": 1', "the run failed"),
        ("cyclictest.json", '"31": 1,', '"31": true,', "a count is no number"),
        ("cyclictest.json", '"31": 1,', '"31": NaN,', "a count is no number"),
        ("cyclictest.json", '"cycles": 7572', '"cycles": 1e400', "cycles is no number"),
        ("cyclictest.txt", "000031 000001\n", "", "rows of the histogram are missing"),
        ("cyclictest.txt", "000031 000001\n", "000031 000002\n", "samples are 6856 in the rows"),
        ("oslat.json", "--duration", "--bias --duration", "a bias is subtracted"),
        ("oslat.json", '"3": 241', '"40": 241', "no row of 32"),
        ("oslat.json", '"3": 241', '"2.500": 241', "no row of 32"),
        ("oslat.json", '"min": 1,', '"min": 5,', "is above a sample"),
        ("oslat.txt", "(including overflows)", "", "the last row"),
        ("oslat.txt", "Test starts...", "Global bias set to 1 (us)", "a bias is subtracted"),
        ("hwlatdetect.txt", "recorded: 5", "recorded: 6", "5 in the rows, and 6"),
        ("hwlatdetect.txt", "inner:50206", "inner:206", "not the largest latency"),
        ("hwlatdetect.txt", "threshold: 10us", "threshold: 10", "the threshold is there 0 times"),
        ("rtla-timerlat-hist.txt", "count:     4362", "count:     4363", "4362 in the rows, and 4363"),
        ("rtla-timerlat-hist.txt", "IRQ-003", "Foo-003", "no column of timerlat"),
        ("rtla-osnoise-hist.txt", "254           1", "254", "samples of CPU-003 are"),
        ("rtla-osnoise-hist.txt", "254           1", "300           1", "no row 300"),
        ("rtla-timerlat-top.txt", "16       222     44424 |", "16       222 |", "a row is cut off"),
        ("rtla-timerlat-top.txt", "(us)", "", "header is missing"),
        ("rtla-osnoise-top.txt", "747180       121603", "121603       747180", "longer than what they are part of"),
        ("sockperf-full-rtt.csv", "549 observations", "550 observations", "549 in the rows, and 550"),
        ("sockperf-full-rtt.csv", "avg-rtt", "avg-latency", "of two runs"),
        ("sockperf-full-rtt.txt", "<MIN>", "<NIM>", "summary is missing"),
        ("udp-pingpong.json", '"received": 3', '"received": 5', "3 in the rows, and 5"),
        ("udp-pingpong.json", '"sent": 4', '"sent": 2', "came back of 2"),
        ("udp-pingpong.json", "software", "guessed", "who took its timestamps"),
    ],
)
def test_contradictions(name, old, new, words):
    with pytest.raises(UllError, match=words):
        read(name, replaced(name, (old, new)))


def test_no_answer():
    with pytest.raises(UllError, match="no message came back"):
        parse("sockperf", "sockperf: No messages were received from the server. Is the server down?\n")


def test_no_such_instrument():
    with pytest.raises(UllError, match="known are cyclictest"):
        parse("stopwatch", "")


def test_narrow_rows_of_oslat():
    said = json.loads(text("oslat.json"))
    said["cmdline:"] = "oslat --bucket-width 250 --json=x"
    said["thread"]["0"].update(histogram={"0.250": 5, "0.500": 2, "32.000": 1}, min=100, max=40_000, avg=0.3)
    reading = read("oslat.json", json.dumps(said))[0]
    assert reading.histogram.rows() == [(0, 250, 5), (250, 500, 2)]
    assert reading.histogram.over == {31_750: 1}
    assert reading.min_ns == 100


def test_several_columns_of_rtla():
    said = """# RTLA timerlat histogram
# Time unit is microseconds (us)
# Duration:   0 00:01:05
Index   IRQ-001   Thr-001   IRQ-002   Thr-002
0             3         0         2         0
5             1         4         0         1
over:         0         0         0         1
count:        4         4         2         2
min:          0         5         0         6
avg:          1         6         0        99
max:          9         9         3       700
ALL:        IRQ       Thr
count:        6         6
"""
    found = parse("rtla_timerlat", said, rows=4, width=5)
    assert [(each.cpus, each.context, each.samples) for each in found] == [
        *[("1", "irq", 4), ("1", "thread", 4), ("2", "irq", 2), ("2", "thread", 2)]
    ]
    assert found[3].histogram.over == {20_000: 1}
    assert found[0].duration_s == 65
    assert [(each.context, each.cpus, each.samples) for each in joined(found)] == [
        ("irq", "1-2", 6),
        ("thread", "1-2", 6),
    ]
