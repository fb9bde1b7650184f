# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from planned import NICS, found, ids, plan, server


def vfs(*groups, name="ens1", **others):
    return {"nics": {"feed": {"name": name, "vfs": list(groups), **others}}, "dpdk": {"lcores": "none"}}


def test_the_table_numbers_the_groups_through():
    first = {"count": 2, "use": "kernel", "mac": "02:00:5e:00:10:ff", "vlan": 100, "trust": True}
    made = plan(vfs(first, {"count": 1, "use": "pod"}, mtu=9000))
    assert [(vf["index"], vf["use"], vf["mac"], vf["vlan"]) for vf in made["vfs"]] == [
        (0, "kernel", "02:00:5e:00:10:ff", 100),
        (1, "kernel", "02:00:5e:00:11:00", 100),
        (2, "pod", "0e:02:a1:00:00:10", 0),
    ]
    assert made["vfs"][0] == {
        "nic": "feed", "pf": "0000:01:00.0", "pf_name": "ens1", "index": 0, "use": "kernel", "driver": "",
        "mac": "02:00:5e:00:10:ff", "vlan": 100, "qos": 0, "trust": True, "spoof_check": True, "max_tx_rate": 0,
        "node": 0, "mtu": 9000,
    }  # fmt: skip


def test_addresses_are_local_and_differ():
    macs = {vf["mac"] for vf in plan({"nics": {"all": {"sriov": True, "vfs": [{"count": 8}]}}})["vfs"]}
    assert len(macs) == 16
    assert {int(mac[:2], 16) & 3 for mac in macs} == {2}


def test_a_pf_without_an_address_leaves_it_to_the_driver():
    machine = server(nics=[{**NICS[0], "mac": ""}])
    assert {vf["mac"] for vf in plan(vfs({"count": 2}), machine)["vfs"]} == {""}


@pytest.mark.parametrize(
    ("name", "arch", "driver", "args"),
    [
        ("ens1", "x86_64", "vfio-pci", ["intel_iommu=on", "iommu=pt"]),
        ("ens1", "aarch64", "vfio-pci", ["iommu.passthrough=1"]),
        ("ens1", "ppc64le", "vfio-pci", []),
        ("ens2", "x86_64", "", []),  # bifurcated: DPDK goes through the kernel's driver
    ],
)
def test_vfio_needs_the_iommu(name, arch, driver, args):
    made = plan(vfs({"count": 1, "use": "dpdk"}, name=name), server(arch=arch))
    assert [vf["driver"] for vf in made["vfs"]] == [driver]
    assert made["boot_args"]["sections"]["dpdk"] == args


def test_kernel_vfs_need_none():
    assert plan(vfs({"count": 4}))["boot_args"]["sections"]["dpdk"] == []


@pytest.mark.parametrize(
    ("profile", "kind", "words"),
    [
        (vfs({"count": 9}), "vfs-exceed-nic", "ask for 8"),
        (vfs({"count": 1}, name="usb0"), "nic-without-sriov", "usb0"),
        (vfs({"count": 1, "mtu": 9000}), "vf-mtu-above-pf", "1500"),
        (vfs({"count": 1, "mtu": 9000}, mtu=8000), "vf-mtu-above-pf", "8000"),
        (
            vfs({"count": 2, "mac": "02:00:5e:00:10:00"}, {"count": 1, "mac": "02:00:5e:00:10:01"}),
            "vf-mac-twice",
            "VF 2 of feed has the MAC address of VF 1",
        ),
        (vfs({"count": 1, "use": "dpdk"}), "dpdk-without-lcores", "2 cores near nic"),
        ({**vfs({"count": 1, "use": "dpdk"}), "boot_args": ["iommu=off"]}, "boot-arg-twice", "iommu=pt"),
    ],
)
def test_findings(profile, kind, words):
    finding = found(plan(profile), kind)
    assert words in f"{finding['message']} {finding['remedy']}"


def test_a_nic_with_other_vfs_has_to_be_drained():
    machine = server(nics=[{**NICS[0], "sriov_num": 2}])
    assert ids(plan(vfs({"count": 2}), machine)) == []
    assert "destroys" in found(plan(vfs({"count": 4}), machine), "vfs-recreated")["message"]


@pytest.mark.parametrize(
    ("args", "kind"), [("quiet", "iommu-after-boot"), ("intel_iommu=on iommu=pt", "iommu-missing")]
)
def test_a_nic_without_an_iommu_group(args, kind):
    kernel = {"release": "6.12.0", "flavour": "generic", "args": args}
    machine = server(nics=[{**NICS[0], "iommu_group": -1}], kernel=kernel)
    assert kind in ids(plan(vfs({"count": 1, "use": "dpdk"}), machine))
    assert ids(plan(vfs({"count": 1}), machine)) == []
