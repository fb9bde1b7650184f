# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils.agent.store import AgentStore
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.settings.hugepages import Hugepages

POOLS = {"pools": [{"node": 0, "size": "2M", "pages": 3}]}
FILES = [
    "etc/systemd/system/multi-user.target.wants/ull-metal-hugepages.service",
    "etc/systemd/system/ull-metal-hugepages.service",
    "etc/ull-metal/hugepages.json",
    "usr/local/lib/ull-metal/hugepages.pyz",
]


def store(parameters: dict | None, **more) -> AgentStore:
    return AgentStore("hugepages", Hugepages, parameters, **more)


@pytest.fixture
def host(tmp_path):
    return Host(str(tmp_path))


def there(host: Host) -> list[str]:
    return sorted(str(path.relative_to(host.root)) for path in Path(host.root).rglob("*") if not path.is_dir())


def test_it_persists_reads_back_and_is_then_unchanged(host):
    assert store(POOLS).persisted(host) == {}
    assert len(store(POOLS).changes(host)) == 4
    store(POOLS).write(host)
    assert there(host) == sorted(FILES)
    assert store(POOLS).changes(host) == []
    assert store(POOLS).persisted(host) == POOLS
    assert host.commands == [["systemctl", "daemon-reload"]]
    unit = host.text(f"/{FILES[1]}")
    assert "Before=network-pre.target" in unit
    assert "Managed by Ansible" in unit


def test_a_unit_that_is_not_enabled_persists_nothing(host):
    store(POOLS).write(host)
    host.point(f"/{FILES[0]}", None)
    assert store(POOLS).persisted(host) == {}
    assert [change.path for change in store(POOLS).changes(host)] == [f"/{FILES[0]}"]


def test_absent_leaves_nothing_not_even_folders(host):
    store(POOLS, watch=True).write(host)
    assert len(there(host)) == 6
    store(None).write(host)
    assert there(host) == []
    left = {str(path.relative_to(host.root)) for path in Path(host.root).rglob("*")}
    assert not [path for path in left if "ull-metal" in path or path.endswith(".wants")]
    assert ["systemctl", "stop", "ull-metal-hugepages-watch.service"] in host.commands


def test_the_order_of_units_and_the_watcher(host):
    store(POOLS, after=["sriov"], watch=True).write(host)
    assert "systemd-modules-load.service ull-metal-sriov.service\n" in host.text(f"/{FILES[1]}")
    assert host.commands[-1] == ["systemctl", "restart", "ull-metal-hugepages-watch.service"]
