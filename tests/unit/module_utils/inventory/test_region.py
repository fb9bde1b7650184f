# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest

from ansible_collections.ull.metal.plugins.module_utils.inventory.region import keys_of, spans
from ansible_collections.ull.metal.plugins.module_utils.inventory.region_schema import SCHEMA
from ansible_collections.ull.metal.plugins.module_utils.inventory.summary import regions_text

HOUR, DAY = 60, 24 * 60


@pytest.mark.parametrize(
    ("window", "minutes"),
    [
        ({"days": ["mon"], "from": "09:30", "to": "16:00"}, [(570, 960)]),
        ({"days": ["tue"], "from": "22:00", "to": "02:00"}, [(DAY + 22 * HOUR, DAY + 26 * HOUR)]),
        (
            {"days": ["sun"], "from": "17:00", "to": "16:00"},
            [(6 * DAY + 17 * HOUR, 7 * DAY + 16 * HOUR), (0, 16 * HOUR)],
        ),
        ({"days": ["mon"], "from": "00:00", "to": "00:00"}, [(0, DAY)]),
    ],
)
def test_windows_as_minutes_of_the_week(window, minutes):
    assert list(spans(window)) == minutes


def test_paths_of_findings():
    assert keys_of("ull_region.network.peers[2].cidr") == ("network", "peers", 2, "cidr")
    assert keys_of("ull_region") == ()


def test_the_schema_is_plain_json_and_a_schema():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(SCHEMA)))


def test_regions_in_a_few_lines():
    plan = {"profile": "worker", "source": "declared", "findings": [{"level": "error"}, {"level": "note"}]}
    text = regions_text({"x": [plan, {**plan, "source": "snapshot"}]}, {"x": "reports/x/plan.html"})
    assert text.splitlines()[2].split() == ["x", "2", "1", "1", "1", "2", "0", "reports/x/plan.html"]
    assert text.endswith("1 regions with 2 hosts planned offline; 2 errors")
