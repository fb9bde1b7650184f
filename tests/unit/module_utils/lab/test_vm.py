"""QEMU's command line, the accelerator, and what a start refuses."""

import socket
from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab import vm
from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab, write_json

FOLDER = Path("/state/vm/lab1")


def command(hardware=None, accel="tcg", incoming=""):
    hardware = hardware or vm.Hardware()
    return vm.argv(hardware, FOLDER, port=2201, fabric="230.0.0.1:4321", accel=accel, incoming=incoming)


def values(words, option):
    return [words[index + 1] for index, word in enumerate(words) if word == option]


def test_two_sockets_and_nodes():
    words = command()
    assert values(words, "-smp") == ["4,sockets=2,cores=2,threads=1"]
    assert values(words, "-m") == ["12G"]
    assert values(words, "-numa")[:2] == ["node,nodeid=0,cpus=0-1,memdev=m0", "node,nodeid=1,cpus=2-3,memdev=m1"]


def test_smt():
    assert values(command(vm.Hardware(8, 2, 1)), "-smp") == ["8,sockets=2,cores=2,threads=2"]


def test_every_device_names_its_bus():
    for device in values(command(), "-device"):
        assert device.startswith("intel-iommu") or ",bus=" in device, device


def test_nothing_listens_beyond_loopback():
    for netdev in values(command(), "-netdev"):
        assert "127.0.0.1" in netdev
    assert "restrict=on" in values(command(), "-netdev")[0]
    for option in ("-qmp", "-serial"):
        assert values(command(), option)[0].split(":")[0] in ("unix", "file")


def test_socket_path_is_short_whatever_the_folder():
    assert values(command(), "-qmp") == ["unix:qmp.sock,server=on,wait=off"]


def test_state_folder_is_in_the_command_line():
    assert values(command(), "-pidfile") == [str(FOLDER / "pid")]


def test_snapshot_is_loaded():
    assert command(incoming="file:/x/state")[-2:] == ["-incoming", "file:/x/state"]


def test_mac_addresses_differ_by_port():
    assert vm.fabric_mac(2201) == "52:54:00:01:08:99"
    assert vm.fabric_mac(2202) != vm.fabric_mac(2201)


def test_comma_in_a_path():
    words = vm.argv(vm.Hardware(), Path("/a,b"), port=1, fabric="x", accel="tcg")
    assert "file=/a,,b/disk.qcow2" in values(words, "-drive")[0]


@pytest.mark.parametrize(("cpus", "threads"), [(1, 1), (3, 1), (2, 2), (6, 2), (4, 3)])
def test_hardware_that_does_not_divide(cpus, threads):
    with pytest.raises(UllError, match="two sockets"):
        vm.Hardware(cpus, threads).check()


@pytest.mark.parametrize(
    ("flags", "device", "expected"),
    [
        ("fpu vmx", True, "kvm"),
        ("fpu svm", True, "kvm"),
        ("fpu", True, "tcg"),
        ("vmx", False, "tcg"),
        ("vmxx", True, "tcg"),
    ],
)
def test_kvm_only_where_the_cpu_has_it(tmp_path, flags, device, expected):
    kvm = tmp_path / "kvm"
    if device:
        kvm.touch()
    assert vm.accelerator(f"processor : 0\nflags\t\t: {flags}\n", kvm) == expected


def test_accelerator_changes_cpu_and_accel():
    assert values(command(accel="kvm"), "-accel") == ["kvm"]
    assert values(command(accel="kvm"), "-cpu")[0].startswith("host")


def test_memory_left():
    assert vm.available_gib("MemTotal: 8 kB\nMemAvailable:    2097152 kB\n") == 2.0


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(vm, "NEEDED_GIB", 0)
    monkeypatch.setattr(vm.shutil, "which", lambda program: program)
    return vm.Vm(Lab(str(tmp_path)), "lab1", vm.Hardware())


def test_states(machine):
    assert machine.state == "absent"
    machine.folder.mkdir(parents=True)
    machine.disk.touch()
    (machine.folder / "pid").write_text("1\n")
    assert machine.state == "stopped"
    machine.remove()
    assert machine.state == "absent"


def test_no_image(machine, tmp_path):
    with pytest.raises(UllError, match="lab_image"):
        machine.start(tmp_path / "none.qcow2")


def test_port_in_use(machine, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UllError, match="used by something else"):
            machine.start(tmp_path / "none.qcow2", port=other.getsockname()[1])


def test_free_port_passes_over_those_of_other_machines(tmp_path, machine, monkeypatch):
    other = Lab(str(tmp_path), "molecule/x").machine("vm", "srv")
    other.mkdir(parents=True)
    write_json(other / "machine.json", {"port": 2300})
    monkeypatch.setattr(vm.access, "port_in_use", lambda port: port == 2301)
    assert machine._port(0) == 2302


def test_failed_start_with_a_snapshot_leaves_no_half_machine(machine, tmp_path, monkeypatch):
    kept = tmp_path / "booted"
    kept.mkdir()
    (kept / "disk.qcow2").touch()

    def fails(argv, **_):
        if argv[0] == "qemu-img":
            Path(argv[-1]).touch()
            return ""
        raise UllError("QEMU fails")

    monkeypatch.setattr(vm, "run", fails)
    with pytest.raises(UllError, match="QEMU fails"):
        machine.start(tmp_path / "image", snapshot=kept)
    assert machine.state == "absent"
