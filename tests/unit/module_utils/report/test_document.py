# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
import json

import jsonschema
import pytest
from captures import ALL
from reported import HOSTILE, PAGES, planned, topology_of

from ansible_collections.ull.metal.plugins.module_utils.finding import Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import no_plan
from ansible_collections.ull.metal.plugins.module_utils.report.document import JSON_SCHEMA, document

WHEN = "2026-08-02T10:00:00+00:00"


def check(text):
    jsonschema.validate(json.loads(text), JSON_SCHEMA, jsonschema.Draft202012Validator)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(JSON_SCHEMA)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("source", ["host", "snapshot"])
def test_plans_of_every_capture_follow_the_schema(name, source):
    text = document([planned("a", topology_of(name), PAGES, source)], "lab", WHEN)
    check(text)
    assert json.loads(text)["schema"] == 1


def test_hosts_without_a_plan_and_hostile_names_follow_it():
    nothing = {**no_plan(HOSTILE, [Finding("topology-missing", HOSTILE, value=HOSTILE)]), "source": "", "states": []}
    text = document([nothing], HOSTILE, WHEN)
    check(text)
    text.encode()
    assert json.loads(text)["plans"][0]["host"] == HOSTILE
    check(document([], "lab", WHEN))


def test_the_verdict_is_in_it():
    plans = [planned("a", topology_of("16amd64-8n2c")), planned("b", topology_of("16amd64-8n2c"), source="snapshot")]
    verdict = json.loads(document(plans, "lab", WHEN))["verdict"]
    assert verdict["reboot"] == verdict["impacts"]["reboot"] == ["a"]
    assert verdict["unread"] == ["b"]
    assert verdict["text"] == "1 of 2 hosts differ; 1 would reboot (once); 1 not read live: b; no errors"


def test_the_schema_refuses_what_is_no_plan():
    text = json.loads(document([planned("a", topology_of("16amd64-8n2c"))], "lab", WHEN))
    text["plans"][0]["cpus"].pop("isolated")
    with pytest.raises(jsonschema.ValidationError):
        check(json.dumps(text))
