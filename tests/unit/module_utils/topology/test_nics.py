# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network interfaces: functions, VFs, what is stacked upon them, and what is neither."""

from __future__ import annotations

from captures import TUNED_VM, capture
from fake_tree import Link, tree

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.topology.nics import read_nics, read_virtual_nics

BUS = "/sys/bus/pci/devices"
NET = "/sys/class/net"
NODES = {0: CpuSet.parse("0-1"), 1: CpuSet.parse("2-3")}


def function(address, code="0x020000", **files):
    """A PCI function on node 1."""
    base = f"{BUS}/{address}"
    return {f"{base}/class": code, f"{base}/numa_node": "1", **{f"{base}/{name}": text for name, text in files.items()}}


def interface(name, address="", **files):
    """An interface, upon a PCI function if one is given."""
    made = {f"{NET}/{name}/mtu": "1500", **{f"{NET}/{name}/{path}": text for path, text in files.items()}}
    if address:
        made[f"{NET}/{name}/device"] = Link(f"../../../bus/pci/devices/{address}")
    return made


def test_the_tuned_machine():
    nics = {nic["pci"]: nic for nic in read_nics(Host(str(capture(TUNED_VM))), NODES)}
    assert list(nics) == ["0000:00:02.0", "0000:41:00.0", "0000:81:00.0", "0000:81:10.0", "0000:81:10.2"]
    assert nics["0000:81:00.0"] == {
        "name": "ens2",
        "pci": "0000:81:00.0",
        "node": 1,
        "driver": "igb",
        "sriov_total": 7,
        "sriov_num": 2,
        "mtu": 1500,
        "max_mtu": 0,
        "queues": 2,
        "iommu_group": 8,
        "mac": "52:54:00:00:20:03",
        "speed": 1000,
        "up": True,
        "kind": "physical",
        "pf": "",
        "irqs": "11",
    }
    bound = nics["0000:81:10.0"]
    assert (bound["name"], bound["driver"], bound["kind"], bound["pf"]) == ("", "vfio-pci", "vf", "0000:81:00.0")
    # QEMU tells no node for what hangs on the root bus
    assert [nic["node"] for nic in nics.values()] == [-1, 0, 1, 1, 1]


def test_vectors_are_the_interrupts_and_the_old_line_is_not(tmp_path):
    files = function("0000:81:00.0", irq="11")
    files |= {f"{BUS}/0000:81:00.0/msi_irqs/{irq}": "msix" for irq in (40, 41, 9000)}
    (nic,) = read_nics(tree(tmp_path, {**files, **interface("eth0", "0000:81:00.0")}), NODES)
    assert nic["irqs"] == "40-41,9000"


def test_a_function_without_a_driver(tmp_path):
    (nic,) = read_nics(tree(tmp_path, function("0000:81:00.0", irq="0")), NODES)
    assert (nic["name"], nic["driver"], nic["irqs"], nic["iommu_group"]) == ("", "", "", -1)


def test_other_classes_are_no_nics_but_infiniband_is(tmp_path):
    files = {
        **function("0000:01:00.0", "0x010802"),
        **function("0000:02:00.0", "0x0c0600"),
        **function("0000:03:00.0", ""),
    }
    assert [nic["pci"] for nic in read_nics(tree(tmp_path, files), NODES)] == ["0000:02:00.0"]


def test_two_ports_of_one_function(tmp_path):
    """ConnectX-3."""
    files = {**function("0000:81:00.0"), **interface("eth1", "0000:81:00.0"), **interface("eth0", "0000:81:00.0")}
    assert [nic["name"] for nic in read_nics(tree(tmp_path, files), NODES)] == ["eth0", "eth1"]


def test_devices_that_are_not_on_pci(tmp_path):
    """Hyper-V's, a SoC's, and a USB one, whose PCI function is only its controller."""
    files = {
        "/sys/devices/vmbus/1234/uevent": "DRIVER=hv_netvsc",
        "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3/uevent": "DRIVER=cdc_ether",
        f"{NET}/eth0/device": Link("../../../devices/vmbus/1234"),
        f"{NET}/usb0/device": Link("../../../devices/pci0000:00/0000:00:14.0/usb1/1-3"),
    }
    nics = read_nics(tree(tmp_path, files), NODES)
    assert [(nic["name"], nic["pci"], nic["driver"], nic["node"]) for nic in nics] == [
        ("eth0", "", "hv_netvsc", -1),
        ("usb0", "", "cdc_ether", -1),
    ]


def test_a_capture_with_neither_bus_nor_links(tmp_path):
    files = {f"{NET}/eth0/device/uevent": "DRIVER=igb\nPCI_SLOT_NAME=0000:81:00.0", f"{NET}/eth0/device/numa_node": "1"}
    (nic,) = read_nics(tree(tmp_path, files), NODES)
    assert (nic["pci"], nic["driver"], nic["node"]) == ("0000:81:00.0", "igb", 1)


def test_unreadable_values(tmp_path):
    """A link that is down has no speed (EINVAL), or 4294967295, or -1."""
    for number, speed in enumerate(("", "4294967295", "-1")):
        files = {
            **function("0000:81:00.0", sriov_totalvfs="x"),
            **interface("eth0", "0000:81:00.0", speed=speed, mtu="x"),
        }
        (nic,) = read_nics(tree(tmp_path / str(number), files), NODES)
        assert (nic["speed"], nic["mtu"], nic["sriov_total"], nic["up"]) == (-1, 0, 0, False)


def test_bonds_bridges_and_vlans_are_told_apart(tmp_path):
    files = {
        **function("0000:81:00.0"),
        **function("0000:81:00.1"),
        **interface("eth0", "0000:81:00.0"),
        **interface("eth1", "0000:81:00.1"),
        **interface("bond0", **{"bonding/slaves": "eth1 eth0"}),
        **interface("bond0.100", lower_bond0=Link("../bond0"), uevent="DEVTYPE=vlan\nINTERFACE=bond0.100"),
        **interface("br0", **{"bridge/stp_state": "0", "brif/bond0.100": Link("x"), "brif/veth1": Link("x")}),
        **interface("macvtap0", lower_eth0=Link("../eth0")),
        **interface("veth1"),
        **interface("docker0", **{"bridge/stp_state": "0", "brif/veth1": Link("x")}),
        **interface("lo"),
        f"{NET}/bonding_masters": "bond0",
    }
    host = tree(tmp_path, files)
    nics = read_nics(host, NODES)
    assert [nic["name"] for nic in nics] == ["eth0", "eth1"]
    assert read_virtual_nics(host, nics) == [
        {"name": "bond0", "kind": "bond", "members": ["eth0", "eth1"]},
        {"name": "bond0.100", "kind": "vlan", "members": ["bond0"]},
        {"name": "br0", "kind": "bridge", "members": ["bond0.100"]},
        {"name": "macvtap0", "kind": "virtual", "members": ["eth0"]},
    ]


def test_an_old_kernels_vlan(tmp_path):
    files = {
        **function("0000:81:00.0"),
        **interface("eth0", "0000:81:00.0"),
        **interface("eth0.5", lower_eth0=Link("../eth0")),
        "/proc/net/vlan/eth0.5": "",
    }
    host = tree(tmp_path, files)
    assert read_virtual_nics(host, read_nics(host, NODES)) == [{"name": "eth0.5", "kind": "vlan", "members": ["eth0"]}]


def test_a_switch_port_is_no_nic(tmp_path):
    """A representor is on its PF's function, and has its own name for it."""
    files = {
        **function("0000:81:00.0"),
        **interface("eth0", "0000:81:00.0", phys_port_name="p0"),
        **interface("eth0_0", "0000:81:00.0", phys_port_name="pf0vf0"),
        f"{BUS}/0000:81:00.0/net/eth0": None,
        f"{BUS}/0000:81:00.0/net/eth0_0": None,
    }
    host = tree(tmp_path, files)
    nics = read_nics(host, NODES)
    assert [nic["name"] for nic in nics] == ["eth0"]
    assert read_virtual_nics(host, nics) == [{"name": "eth0_0", "kind": "representor", "members": ["eth0"]}]


def test_nothing_at_all(tmp_path):
    host = tree(tmp_path, {})
    assert read_nics(host, {}) == []
    assert read_virtual_nics(host, []) == []
