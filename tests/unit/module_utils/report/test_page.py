# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
import re
import time

import pytest
from captures import ALL
from pages import Page
from reported import HOSTILE, PAGES, fleet_of, planned, server, synced, topology_of

from ansible_collections.ull.metal.plugins.module_utils.finding import Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import no_plan
from ansible_collections.ull.metal.plugins.module_utils.report.page import page

WHEN = "2026-08-02 10:00 UTC"


def hostile():
    """A plan in which every text that may be foreign is hostile."""
    topology = server(HOSTILE)
    topology = {
        **topology,
        "os": {"id": HOSTILE, "version": HOSTILE},
        "kernel": {"release": HOSTILE},
        "arch": HOSTILE,
        "nics": [{**nic, "driver": HOSTILE} for nic in topology["nics"]],
        "gpus": [{**gpu, "vendor": HOSTILE, "driver": HOSTILE} for gpu in topology["gpus"]],
        "virtual_nics": [{"name": HOSTILE, "kind": HOSTILE, "members": [HOSTILE]}],
    }
    plan = planned(HOSTILE, server(), PAGES)
    plan["profile"] = HOSTILE
    plan["cpus"][HOSTILE] = "1"
    plan["kubelet"] = {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}
    plan["states"] = [
        {**state, "name": HOSTILE, "declared": HOSTILE, "persisted": HOSTILE, "running": HOSTILE, "doc": HOSTILE}
        for state in plan["states"]
    ]
    plan["findings"] = [
        {
            **dict.fromkeys(("id", "level", "message", "path", "value", "remedy", "why"), HOSTILE),
            "host": HOSTILE,
        }
    ]
    return page([plan], {HOSTILE: topology}, HOSTILE, HOSTILE)


def test_hostile_texts_stay_texts():
    text = hostile()
    made = Page(text)
    assert not made.of("script")
    assert len(made.of("style")) == 1
    assert not any(key.startswith("on") for _name, attributes in made.elements for key in attributes)
    assert "\x1b" not in text
    assert "<script" not in text
    text.encode()


@pytest.mark.parametrize("name", ALL)
def test_every_capture_has_a_whole_page(name):
    made = Page(page([planned("a", topology_of(name), PAGES)], {"a": topology_of(name)}, "lab", WHEN))
    assert made.of("details", "host")
    ids = [attributes["id"] for _name, attributes in made.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {f"#{each}" for each in ids}
    assert {each["href"] for each in made.of("a") + made.of("use")} <= targets


def test_nothing_is_loaded_from_anywhere():
    text = page([planned("a", server(), PAGES)], {"a": server()}, "lab", WHEN)
    assert not re.search(r"https?:|url\((?!#)|@import|<script|<img|<iframe", text)
    assert "default-src 'none'" in Page(text).of("meta")[1]["content"]


def test_verdict_first_then_findings_then_hosts():
    plans = [
        planned("a", server()),
        synced(planned("b", server())),
        no_plan("c", [Finding("topology-missing", "gone")]),
    ]
    text = page(plans, {"a": server(), "b": server()}, "lab", WHEN)
    words = Page(text).words
    order = ["1 of 3 hosts would reboot; 1 not read live; 1 error", "topology-missing", "a, b", "settings to change"]
    places = [words.index(part) for part in order]
    assert places == sorted(places)
    assert "Its topology is not known." in words


def test_settings_differing_first_and_each_state_once():
    plans, topologies = fleet_of(10, ["16amd64-8n2c"])
    words = Page(page(plans, topologies, "lab", WHEN)).words
    assert words.index("4 settings to change") < words.index("4 settings in sync")
    assert "engine1 … engine10" in words
    assert "10 hosts, same plan" in words
    assert "1: engine8" in words


def test_slices_that_nobody_foresaw_are_shown():
    plan = {**planned("a", server()), "kubelet": {"cpuManagerPolicy": "static", "reserved": [{"node": 0, "cpus": "0"}]}}
    words = Page(page([plan], {"a": server()}, "lab", WHEN)).words
    assert "cpuManagerPolicy" in words
    assert "reserved[0].cpus" in words


def test_rows_of_alike_things_are_a_table():
    vfs = [{"pf": "0000:02:00.0", "index": n, "driver": "vfio-pci"} for n in range(3)]
    made = Page(page([{**planned("a", server()), "vfs": vfs}], {"a": server()}, "lab", WHEN))
    assert "vfs: where they differ" in made.words
    assert "vfs: the same for all 3" in made.words
    assert "planned:  vfio-pci" in made.words


def test_tables_have_heads_captions_and_scopes():
    made = Page(page([planned("a", server(), PAGES)], {"a": server()}, "lab", WHEN))
    assert len(made.of("caption")) == len(made.of("table"))
    assert all("scope" in each for each in made.of("th"))


def test_no_hosts_at_all():
    assert "No host was planned." in Page(page([], {}, "lab", WHEN)).words


def test_many_cases_are_folded():
    found = [Finding("nic-not-found", f"no NIC {n}", "p", n).as_dict() for n in range(50)]
    made = Page(page([{**no_plan("a", []), "findings": found}], {}, "lab", WHEN))
    assert "44 more" in made.words


def test_a_thousand_hosts_of_ten_kinds_are_small_and_fast():
    kinds = ALL[-10:]
    plans, topologies = fleet_of(1000, kinds)
    since = time.process_time()
    text = page(plans, topologies, "big", WHEN)
    assert time.process_time() - since < 10
    assert len(text.encode()) < 1 << 20
    assert len(Page(text).of("details", "host")) == 10


def test_a_host_is_counted_once_by_what_it_needs():
    wrong = {**planned("e", server(), {"isolated": "cpus 99"}), "states": []}
    plans = [planned("a", server()), synced(planned("b", server())), planned("c", server(), source="snapshot"), wrong]
    made = Page(page([*plans, {**wrong, "host": "f", "source": "snapshot"}], {}, "lab", WHEN))
    (strip,) = made.of("svg", "fleet")
    assert strip["aria-label"] == "Hosts by what they need: 2 has errors, 1 reboot, 1 not read, 1 in sync"
    for words in (
        "with errors, nothing can be applied: e, f",
        "would reboot (once): a",
        "not read live: c",
        "in sync: b",
    ):
        assert words in made.words
    assert "cannot be applied" in made.words
