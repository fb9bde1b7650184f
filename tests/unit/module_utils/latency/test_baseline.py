# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest
from latency_records import record, runs

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency import baseline
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram


def made():
    return baseline.baseline(runs(24))


def test_text_and_back():
    text = baseline.as_text("engine1", made())
    assert baseline.from_text(text) == ("engine1", made())
    assert baseline.as_text(*baseline.from_text(text)) == text


def test_a_reviewer_sees_a_line_a_run():
    lines = baseline.as_text("engine1", made()).splitlines()
    assert sum('"p99"' in line for line in lines) == 24
    assert sum(len(line) > 128 for line in lines) == 1, "only the histogram is long"
    assert '"kernel": "6.12.107+deb13-rt-amd64",' in "\n".join(lines)


def test_one_run_more_is_one_line_more():
    one, other = (baseline.as_text("engine1", baseline.baseline(runs(count))).splitlines() for count in (24, 25))
    assert len(other) == len(one) + 1


def test_overflows_and_events_survive():
    over = Histogram.of([5] * 5000, unit_ns=1000)
    over.add_over(32_000, 400)
    records = [
        record(histogram=over, max_ns=90_000),
        record(histogram=Histogram.of([20]), threshold_ns=10_000, duration_s=5.0),
    ]
    for each in records:
        made = baseline.baseline([each])
        assert baseline.from_text(baseline.as_text("engine1", made))[1] == made
    assert '"p99": ">32000"' in baseline.as_text("engine1", baseline.baseline(records[:1]))
    assert '"events": [200, 400]' in baseline.as_text("engine1", baseline.baseline(records[1:]))


def test_write_is_whole_and_idempotent(tmp_path):
    file = baseline.path(str(tmp_path), "order_engine", "engine1")
    assert file.endswith("/baselines/order_engine/engine1.json")
    assert baseline.write(file, "engine1", made())
    assert not baseline.write(file, "engine1", made())
    assert baseline.read(file) == ("engine1", made())
    assert [path.name for path in (tmp_path / "baselines/order_engine").iterdir()] == ["engine1.json"]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".x", "a\n"])
def test_names_that_lead_elsewhere(name):
    with pytest.raises(UllError, match="no name of a file"):
        baseline.path("inventories/lab", "order_engine", name)
    with pytest.raises(UllError, match="no name of a file"):
        baseline.path("inventories/lab", name, "engine1")


def test_runs_that_do_not_belong_together():
    with pytest.raises(UllError, match="cannot make one baseline: kernel was"):
        baseline.baseline([record(), record(kernel="6.1")])
    with pytest.raises(UllError, match="of one host"):
        baseline.baseline([record(), record(host="engine2", peer="x")])
    with pytest.raises(UllError, match="printed no histogram"):
        baseline.baseline([baseline.Record.from_dict({**record().as_dict(), "histogram": None})])


def test_a_missing_file(tmp_path):
    with pytest.raises(UllError, match="playbook ull"):
        baseline.read(str(tmp_path / "none.json"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "host": "a", "subjects": {"x": 1}}'])
def test_a_broken_file(text):
    with pytest.raises(UllError, match="Remedy: restore it from git"):
        baseline.from_text(text)


@pytest.mark.parametrize(
    "run", [5, {}, {"time": 5}, {"time": "", "samples": "1"}, {"time": "", "samples": 1, "p99": -1}, {"p99": ">x"}]
)
def test_a_broken_run(run):
    said = json.loads(baseline.as_text("engine1", made()))
    said["subjects"]["cyclictest"]["runs"][3] = (
        {"time": "", "samples": 1, **run} if isinstance(run, dict) and run else run
    )
    if run in ({"time": "", "samples": "1"}, {"time": 5}):
        said["subjects"]["cyclictest"]["runs"][3] = run
    with pytest.raises(UllError, match="no run of a baseline"):
        baseline.from_text(json.dumps(said))
