# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.fleet.windows import DAYS, window

WEEKEND = {"days": "fri", "start": "22:00", "end": "04:00", "timezone": "UTC"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("now", "found", "until", "following"),
    [
        # 2026-11-20 is a Friday
        ("2026-11-20 21:59", False, "", "2026-11-20 22:00 UTC"),
        ("2026-11-20 22:00", True, "2026-11-21 04:00 UTC", "2026-11-27 22:00 UTC"),
        # behind midnight it is still Friday's
        ("2026-11-21 03:59", True, "2026-11-21 04:00 UTC", "2026-11-27 22:00 UTC"),
        ("2026-11-21 04:00", False, "", "2026-11-27 22:00 UTC"),
        ("2026-11-20 01:00", False, "", "2026-11-20 22:00 UTC"),
    ],
)
def test_through_midnight(now, found, until, following):
    assert window([WEEKEND], at(now)) == {"open": found, "until": until, "next": following}
    assert window([WEEKEND], at(now).timestamp())["open"] == found


def test_without_windows_it_is_always_open():
    assert window([], at("2026-11-20 12:00")) == {"open": True, "until": "", "next": ""}


@pytest.mark.parametrize(
    ("days", "held"),
    [
        ("mon", "0"),
        ("mon-wed", "012"),
        ("sat-mon", "560"),
        (["mon", "thu-fri"], "034"),
        ("Mon, Sun", "06"),
        (None, "0123456"),
    ],
)
def test_days(days, held):
    row = {"start": "10:00", "end": "11:00", **({"days": days} if days else {})}
    monday = at("2026-11-16 10:30")
    opened = [str(day) for day in range(7) if window([row], monday + timedelta(days=day))["open"]]
    assert sorted(held) == opened


def test_the_clock_goes_forward():
    """London, 2026-03-29: 01:00 is followed by 02:00. A start in the missing hour is an hour later by the clock."""
    row = {"days": "sun", "start": "01:30", "end": "05:00", "timezone": "Europe/London"}
    assert not window([row], at("2026-03-29 01:29"))["open"]
    assert window([row], at("2026-03-29 01:30"))["until"] == "2026-03-29 04:00 UTC"


def test_the_clock_goes_back():
    """New York, 2026-11-01: the hour from 01:00 comes twice. A window has all of it."""
    row = {"days": "sun", "start": "01:00", "end": "01:45", "timezone": "America/New_York"}
    assert window([row], at("2026-11-01 05:00"))["until"] == "2026-11-01 06:45 UTC"
    assert not window([row], at("2026-11-01 04:59"))["open"]
    assert not window([row], at("2026-11-01 06:45"))["open"]


def test_the_same_time_is_a_whole_day_and_yaml_reads_times_as_minutes():
    row = {"days": "sat", "start": 6 * 60, "end": "06:00"}
    assert window([row], at("2026-11-22 05:59"))["open"]
    assert not window([row], at("2026-11-22 06:00"))["open"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"start": "25:00", "end": "1:00"}, r"ull_reboot_windows\[0\].start = '25:00': this is no time of day. Remedy"),
        ({"start": "22:00"}, r"ull_reboot_windows\[0\].end"),
        ({"start": "1:75", "end": "2:00"}, "no time of day"),
        ({"start": "1:00", "end": "2:00", "days": "monday"}, r"\[0\].days = 'monday': this is no day. Remedy: use mon"),
        ({"start": "1:00", "end": "2:00", "timezone": "London"}, r"\[0\].timezone = 'London': this time zone is not"),
        ({"start": "1:00", "end": "2:00", "day": "mon"}, r"\[0\].day = 'mon': unknown key. Remedy: use days, start"),
    ],
)
def test_what_is_no_window_is_refused(row, words):
    with pytest.raises(UllError, match=words):
        window([row], at("2026-11-20 12:00"))


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone.utc)),
    st.lists(st.sampled_from(DAYS), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]),
)
def test_when_it_is_shut_it_opens_when_it_says(now, days, start, end, zone):
    rows = [{"days": days, "start": start, "end": end, "timezone": zone}]
    found = window(rows, now)
    assert found["next"]
    opens = at(found["next"].replace(" UTC", ""))
    assert now < opens <= now + timedelta(days=8)
    assert window(rows, opens)["open"]
    assert found["open"] or not window(rows, opens - timedelta(minutes=1))["open"]
