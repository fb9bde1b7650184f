"""After a reboot, and without another run: VFs, attributes and drivers are there again."""

import json

import pytest

PF = "/sys/bus/pci/devices/0000:81:00.0"


def driver(host, index):
    link = host.file(f"{PF}/virtfn{index}/driver")
    return link.linked_to.rsplit("/", 1)[-1] if link.exists else ""


def test_it_was_rebooted(host):
    assert len(host.check_output("journalctl --list-boots --quiet --no-pager").splitlines()) == 2
    words = host.file("/proc/cmdline").content_string.split()
    assert {"intel_iommu=on", "iommu=pt"} <= set(words)


def test_drivers(host):
    assert [driver(host, index) for index in range(3)] == ["vfio-pci", "vfio-pci", "igbvf"]


def test_attributes(host):
    found = json.loads(host.check_output("ip -j -d link show dev ens2"))[0]["vfinfo_list"]
    assert [vf["address"] for vf in found] == [f"02:00:5e:00:00:1{index}" for index in range(3)]
    assert [vf["vlan_list"][0].get("vlan", 0) for vf in found] == [100, 100, 0]
    assert [vf["trust"] for vf in found] == [True, False, False]


def test_iommu_group_of_their_own(host):
    assert host.file(f"{PF}/virtfn0/iommu_group/devices").listdir() == ["0000:81:10.0"]


@pytest.mark.parametrize("unit", ["ull-metal-sriov", "ull-metal-dpdk"])
def test_units_ran_before_the_network(host, unit):
    said = host.check_output(f"systemctl show {unit} --property=Result,ActiveState,Before")
    assert "Result=success" in said
    assert "ActiveState=active" in said
    assert "network-pre.target" in said


def test_mounts(host):
    assert host.mount_point("/dev/hugepages1G").filesystem == "hugetlbfs"
    assert "pagesize=1024M" in host.mount_point("/dev/hugepages1G").options
    assert host.mount_point("/dev/hugepages").exists


def test_what_applications_read(host):
    said = host.check_output('. /etc/ull-metal/dpdk.env && echo "$DPDK_EAL_ARGS"')
    assert said == "-l 2-3 --main-lcore 2 --socket-mem 0,256 -a 0000:81:10.0 -a 0000:81:10.2"
    fact = json.loads(host.file("/etc/ansible/facts.d/ull_metal_dpdk.fact").content_string)
    assert fact["devices"] == ["0000:81:10.0", "0000:81:10.2"]


def test_nothing_failed(host):
    assert host.check_output("systemctl --failed --no-legend") == ""
