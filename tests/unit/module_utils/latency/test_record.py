# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest
from latency_records import MACHINE, record

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency.record import Record, boot_arguments, differences


def test_json_and_back():
    made = record(evidence={"smi": 2}, load="stress-ng", peer="engine2")
    said = json.loads(json.dumps(made.as_dict()))
    assert Record.from_dict(said).as_dict() == said
    assert said["quantiles"]["p99.9"]["interval_ns"][0] is not None
    assert said["unit"] == "ns"
    assert "p99.99" not in said["quantiles"], "4,000 samples are too few"


def test_a_record_without_a_histogram():
    said = json.loads(json.dumps(record().as_dict()))
    said["histogram"] = None
    assert Record.from_dict(said).as_dict()["quantiles"] == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("schema", 2), ("host", 5), ("samples", -1), ("samples", 3999), ("samples", True), ("options", "-m")],
        *[
            ("options", [1]),
            ("min_ns", "1"),
            ("duration_s", float("nan")),
            ("evidence", []),
            ("histogram", {"bits": 3}),
        ],
        ("counts", None),
    ],
)
def test_what_is_no_record(key, value):
    said = {**record().as_dict(), key: value}
    with pytest.raises(UllError, match="this"):
        Record.from_dict(said)


@pytest.mark.parametrize("said", [None, [], "record", {}])
def test_what_is_nothing_like_it(said):
    with pytest.raises(UllError, match="no latency record"):
        Record.from_dict(said)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"kernel": "6.12.110"}, "kernel was 6.12.107+deb13-rt-amd64 and is 6.12.110"),
        ({"boot_args": "isolcpus=2-5"}, "boot arguments was isolcpus=2-7 nohz_full=2-7 and is isolcpus=2-5"),
        ({"cpu_model": "EPYC 9354"}, "CPU was Xeon 8488C 0x2b and is EPYC 9354 0x2b"),
        ({"microcode": ""}, "CPU was Xeon 8488C 0x2b and is Xeon 8488C"),
        ({"cpus": "2-5"}, "CPUs was 2-7 and is 2-5"),
        ({"load": "stress-ng"}, "load was not known and is stress-ng"),
        ({"virtual": "kvm"}, "virtual was not known and is kvm"),
    ],
)
def test_what_makes_two_records_incomparable(what, words):
    assert differences(record().fingerprint, record(**what).fingerprint) == [words]


def test_what_does_not():
    args = "nohz_full=2-7 root=/dev/sda1 isolcpus=2-7 BOOT_IMAGE=/boot/other"
    assert differences(record().fingerprint, record(boot_args=args, time="later", host="engine2").fingerprint) == []


def test_the_order_of_like_arguments_is_kept():
    assert boot_arguments("quiet console=tty0 a=1 console=ttyS0") == "a=1 console=tty0 console=ttyS0 quiet"
    assert boot_arguments(MACHINE.boot_args) == "isolcpus=2-7 nohz_full=2-7"
