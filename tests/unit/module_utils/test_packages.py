# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.module import after_packages
from ansible_collections.ull.metal.plugins.module_utils.packages import missing


@pytest.fixture
def debian(tmp_path):
    tree(
        tmp_path,
        {
            "/var/lib/dpkg/info/ethtool.list": "/.",
            "/var/lib/dpkg/info/libnuma1:amd64.list": "/.",
            "/var/lib/dpkg/info/tuned.list": "/etc/tuned",
            "/var/lib/dpkg/status": "Package: ethtool\nStatus: install ok installed\n\n"
            "Package: tuned\nStatus: deinstall ok config-files\n",
        },
    )
    return Host(str(tmp_path))


def test_dpkg(debian):
    assert missing(debian, []) == []
    assert missing(debian, ["ethtool", "libnuma1"]) == []
    assert missing(debian, ["ethtool", "dpdk", "tuned"]) == ["dpdk", "tuned"]
    assert missing(debian, ["ethtool=1:6.14-1", "/tmp/x.deb"]) == ["ethtool=1:6.14-1", "/tmp/x.deb"]


def test_rpm(tmp_path):
    def rpm(argv: list[str]) -> tuple[int, str, str]:
        return (0, argv[-1], "") if argv[-1] == "ethtool" else (1, "package dpdk is not installed", "")

    assert missing(Host(str(tmp_path), runner=rpm), ["ethtool", "dpdk"]) == ["dpdk"]


def test_the_work_waits_for_the_packages(debian):
    calls = []

    def work(params, host, check_mode):
        calls.append(check_mode)
        if "fails" in params:
            raise UllError("no tool")
        return {"changed": True}

    def result(check_mode, **params):
        return after_packages(work)({"state": "present", "packages": [], **params}, debian, check_mode)

    assert result(False) == {"changed": True, "packages_missing": []}
    assert result(False, packages=["dpdk"]) == {"changed": False, "packages_missing": ["dpdk"]}
    assert calls == [False]
    assert result(True, packages=["dpdk"]) == {"changed": True, "packages_missing": ["dpdk"]}
    assert result(True, packages=["dpdk"], fails=1) == {"changed": False, "packages_missing": ["dpdk"]}
    assert result(False, packages=["dpdk"], state="absent") == {"changed": True, "packages_missing": []}
    with pytest.raises(UllError):
        result(True, fails=1)
