# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan report as a browser shows it: nothing sticks out, nothing is loaded, nothing is too pale to be read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from captures import ALL
from class_machines import CLASS_MACHINES
from reported import HOSTILE, PAGES, fleet_of, planned, server, synced, topology_of

from ansible_collections.ull.metal.plugins.module_utils.finding import Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import no_plan
from ansible_collections.ull.metal.plugins.module_utils.report.page import page

ROOT = Path(__file__).parents[2]


def lab():
    files = sorted((ROOT / "inventories" / "lab" / "topology").glob("*.json"))
    topologies = {path.stem: json.loads(path.read_text()) for path in files}
    plans = [planned(host, topology, PAGES) for host, topology in topologies.items()]
    return [plans[0], *map(synced, plans[1:])], topologies


def captures():
    plans = [planned(name, topology_of(name), PAGES, "snapshot") for name in ALL]
    return [*plans, no_plan("gone", [Finding("topology-missing", "gone")])], {name: topology_of(name) for name in ALL}


def region():
    """A host of every workload class."""
    plans, topologies = [], {}
    for name, (_machine, topology) in CLASS_MACHINES.items():
        profile = yaml.safe_load((ROOT / "playbooks" / "group_vars" / f"{name}.yml").read_text())["ull_class_profile"]
        plans.append(planned(name, topology, profile))
        topologies[name] = topology
    return plans, topologies


def hostile():
    name = f"{HOSTILE}{'x' * 300}"
    plan = planned(name, server(name), PAGES)
    plan["kubelet"] = {"x" * 200: "y" * 500}
    plan["findings"] = [Finding("nic-not-found", "m" * 300, "p" * 300, "v" * 300, "r" * 300, name).as_dict()]
    return [plan], {name: server(name)}


def many():
    return fleet_of(1000, ALL[-10:])


@cache
def made(build):
    return page(*build(), "lab", "2026-08-02 10:00 UTC")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("build", [lab, region, captures, hostile, many])
def test_the_page_fits(browser, build, width):
    seen = browser.show(made(build), width)
    for state in (seen["folded"], seen["open"]):
        assert state["width"] == width
        assert state["scroll"] <= state["room"], state["wide"]
        assert state["wide"] == []
        assert state["loaded"] == []
        assert state["flat"] == 0
    assert seen["open"]["closed"] == 0
    assert seen["wrong"] == []
    assert seen["complaints"] == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("build", [lab, region, captures])
def test_everything_can_be_read(browser, build, dark):
    """WCAG asks for a contrast of 4.5."""
    seen = browser.show(made(build), 1280, dark)["open"]
    assert min(seen["roles"].values()) >= 4.5, seen["roles"]
    assert seen["pale"] == []


def test_it_prints(browser):
    assert browser.print(made(lab)).startswith(b"%PDF")
