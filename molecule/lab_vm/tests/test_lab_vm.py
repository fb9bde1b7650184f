"""The machine looks like a two-socket server, and keeps to itself."""

import json

import pytest
import testinfra

NODE = "/sys/devices/system/node"


def read(host, path):
    return host.file(path).content_string.strip()


def nic(host, driver):
    return host.check_output(f"ls /sys/bus/pci/drivers/{driver}/*/net").split()[-1]


def test_two_numa_nodes_at_a_distance(host):
    assert [read(host, f"{NODE}/node{node}/cpulist") for node in (0, 1)] == ["0-1", "2-3"]
    assert [read(host, f"{NODE}/node{node}/distance") for node in (0, 1)] == ["10 21", "21 10"]


def test_two_sockets(host):
    packages = [read(host, f"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id") for cpu in range(4)]
    assert packages == ["0", "0", "1", "1"]


@pytest.mark.parametrize("flag", ["pdpe1gb", "x2apic"])
def test_cpu_flags(host, flag):
    assert flag in read(host, "/proc/cpuinfo").split()


def test_iommu_with_interrupt_remapping(host):
    assert int(host.check_output("ls /sys/kernel/iommu_groups | wc -l")) > 5
    assert "Enabled IRQ remapping" in host.check_output("dmesg")


def test_sriov_nic_on_node_1(host):
    device = f"/sys/class/net/{nic(host, 'igb')}/device"
    assert read(host, f"{device}/numa_node") == "1"
    assert read(host, f"{device}/sriov_totalvfs") == "7"
    assert read(host, f"{device}/sriov_numvfs") == "0"


def test_management_nic_on_node_0(host):
    assert host.interface("mgmt0").addresses == ["10.0.2.15"]
    assert host.check_output("cat $(readlink -f /sys/class/net/mgmt0/device/..)/numa_node") == "0"


def test_mac_address_is_its_own(host):
    address = read(host, f"/sys/class/net/{nic(host, 'igb')}/address")
    port = int(host.backend.ansible_runner.get_variables(host.backend.host)["ansible_port"])
    assert address == f"52:54:00:01:{port >> 8:02x}:{port & 0xFF:02x}"


def test_no_way_out(host):
    assert host.run("python3 -c 'import socket; socket.create_connection((\"10.0.2.2\", 22), 2)'").rc != 0


def test_its_clock_is_right(host):
    assert (
        abs(float(host.check_output("date +%s")) - float(testinfra.get_host("local://").check_output("date +%s"))) < 10
    )


def test_it_has_booted_once(host):
    assert len(json.loads(host.check_output("journalctl --list-boots --quiet --output=json"))) == 1


def test_everything_runs(host):
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


@pytest.mark.parametrize("unit", ["tuned", "irqbalance", "chrony"])
def test_what_an_operator_enables_is_off(host, unit):
    service = host.service(unit)
    assert not service.is_enabled
    assert not service.is_running


def test_login_by_key_only(host):
    settings = host.check_output("sshd -T").splitlines()
    assert "passwordauthentication no" in settings
    assert "permitrootlogin without-password" in settings
    assert host.check_output("grep ^root: /etc/shadow").startswith("root:*:")


def test_update_grub_finds_nothing_to_change(host):
    before = host.file("/boot/grub/grub.cfg").sha256sum
    host.check_output("cp -a /boot/grub/grub.cfg /tmp/grub.cfg && update-grub")
    assert host.file("/boot/grub/grub.cfg").sha256sum == before


def test_kernel_arguments_survive(host):
    words = read(host, "/proc/cmdline").split()
    assert "no_timer_check" in words
    assert [word for word in words if word.startswith("console=")] == ["console=tty0", "console=ttyS0,115200"]


def test_nothing_listens_beyond_loopback():
    local = testinfra.get_host("local://")
    lines = [line for line in local.check_output("ss -Hltnp").splitlines() if "qemu" in line]
    assert lines
    assert all(line.split()[3].startswith("127.0.0.1:") for line in lines)


def test_tools_are_there(host):
    assert json.loads(host.check_output("ip -json link"))
    for tool in ("cyclictest", "ethtool", "lspci", "numactl", "driverctl", "lstopo-no-graphics", "tuned-adm"):
        assert host.exists(tool), tool
