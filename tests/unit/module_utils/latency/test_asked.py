# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest
from latency_records import runs

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency import baseline
from ansible_collections.ull.metal.plugins.module_utils.latency.asked import (
    latency_verdict,
    within_baseline,
    within_budget,
)


def said(records):
    return [json.loads(json.dumps(record.as_dict())) for record in records]


@pytest.fixture(name="file")
def _file(tmp_path):
    file = baseline.path(str(tmp_path), "order_engine", "engine1")
    baseline.write(file, "engine1", baseline.baseline(runs(24)))
    return file


def test_yes_and_no(file):
    assert within_baseline(said(runs(6, seed=2)), file, hosts=100)
    assert not within_baseline(said(runs(6, 1100, seed=2)), file, hosts=100)
    assert not within_baseline(said(runs(6, 1100, seed=2)), file, second=said(runs(8, 1100, seed=3)), hosts=100)
    assert within_budget(said(runs(6)), {"host": {"ns": 9000}})
    assert not within_budget(said(runs(6))[0], 3000)


def test_the_content_of_a_file_will_do(file):
    with open(file, encoding="utf-8") as stream:  # noqa: PTH123
        assert within_baseline(said(runs(6, seed=2)), json.load(stream))


def test_both_verdicts(file):
    found = latency_verdict(said(runs(6, seed=2)), baseline=file, budget=3000)
    assert [verdict["state"] for verdict in found] == ["fail", "pass"]
    assert latency_verdict(said(runs(6))) == []
    json.dumps(found)


def test_neither_yes_nor_no(file):
    with pytest.raises(UllError, match="not comparable: kernel was"):
        within_baseline(said(runs(6, kernel="6.1")), file)
    with pytest.raises(UllError, match="too small"):
        within_budget(said(runs(2, samples=400)), 3000)
    with pytest.raises(UllError, match="the baseline has no cyclictest to engine2, only cyclictest"):
        within_baseline(said(runs(6, peer="engine2")), file)


def test_what_was_asked_wrongly(file):
    with pytest.raises(UllError, match="the baseline is of engine1"):
        within_baseline(said(runs(6, host="engine2")), file)
    with pytest.raises(UllError, match="one instrument of one host"):
        within_baseline(said([*runs(2), *runs(2, peer="engine2")]), file)
    for records in ("x", None, 5):
        with pytest.raises(UllError, match="no latency records"):
            within_baseline(records, file)
    with pytest.raises(UllError, match="one instrument of one host"):
        within_budget([], 3000)
