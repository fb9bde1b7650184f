# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import functools
import json

import pytest
from fake_tree import Link, tree
from machines import KilledError
from vf_machine import DEVICES, PF, Nic, everything, kernel, persons, with_nics

from ansible_collections.ull.metal.plugins.module_utils.agent import store
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import vf_device
from ansible_collections.ull.metal.plugins.module_utils.settings.dpdk import Dpdk
from ansible_collections.ull.metal.plugins.module_utils.settings.dpdk_files import ENVIRONMENT, FACT, vf_at
from ansible_collections.ull.metal.plugins.module_utils.settings.sriov import Sriov

ARCHIVE = functools.cache(store.archive)
UNITS = {"sriov": Sriov, "dpdk": Dpdk}
MAC = "02:00:5e:00:00:{:02x}"


def row(index: int, driver: str = "vfio-pci") -> dict:
    return {"pf": PF, "index": index, "driver": driver, "use": "dpdk", "mac": MAC.format(index)}


ROWS = [row(0), row(1), {**row(2, ""), "use": "kernel"}]
EAL = {"lcores": "1,5", "main_lcore": 1, "memory": [{"node": 0, "bytes": 1 << 30}], "eal_args": ["-l", "1,5"]}


@pytest.fixture(autouse=True)
def _archive_once(monkeypatch):
    monkeypatch.setattr(store, "archive", ARCHIVE)


@pytest.fixture
def host(tmp_path):
    return with_nics(tmp_path)


def dpdk(**more) -> Dpdk:
    return Dpdk(**{"vfs": ROWS, "eal": EAL, "hugepage_sizes": ["2M", "1G"], **more})


def statuses(outcome) -> dict[str, str]:
    return {state.name: state.status for state in outcome.states}


def drivers(host) -> list[str]:
    return [vf_device.driver(host, vf_device.vf_address(host, PF, index)) for index in range(3)]


def both(host) -> None:
    converge(Sriov([], ROWS), host, False)
    converge(dpdk(), host, False)


def undo(host) -> None:
    converge(Dpdk(), host, False)
    converge(Sriov(), host, False)


def state(host):
    return persons(host), kernel(host), dict(host.mounts), host.exists("/sys/bus/pci/drivers/vfio-pci")


def test_from_the_first_run_to_the_undo(host):
    before = state(host)
    converge(Sriov([], ROWS), host, False)
    between = state(host)
    predicted = converge(dpdk(), host, True)
    assert state(host) == between, "check mode wrote something"
    outcome = converge(dpdk(), host, False)
    assert [change.path for change in predicted.changes] == [change.path for change in outcome.changes]
    assert [s.as_dict() for s in predicted.states] == [s.as_dict() for s in outcome.states]
    assert statuses(outcome) == {
        "boot_args.intel_iommu": "pending_reboot",
        "boot_args.iommu": "pending_reboot",
        "dpdk.module.vfio-pci": "in_sync",
        f"dpdk.{PF}.vf0": "in_sync",
        f"dpdk.{PF}.vf1": "in_sync",
        "dpdk.mount.1G": "in_sync",
    }
    assert outcome.reboot_required
    assert drivers(host) == ["vfio-pci", "vfio-pci", "igbvf"]
    assert host.mounts == {"/dev/hugepages": "2M", "/dev/hugepages1G": "1G"}
    assert not converge(dpdk(), host, False).changed
    assert not converge(Sriov([], ROWS), host, False).changed

    host.boot()
    assert host.run_units(UNITS) == []
    assert drivers(host) == ["vfio-pci", "vfio-pci", "igbvf"]
    assert {s.status for s in converge(dpdk(), host, True).states} == {"in_sync"}
    assert not converge(dpdk(), host, True).changed

    undo(host)
    assert persons(host).keys() == before[0].keys()
    assert state(host)[1:] == before[1:]
    assert not converge(Dpdk(), host, False).changed
    host.boot()
    assert "intel_iommu" not in host.read("/proc/cmdline")


@pytest.mark.parametrize("back", [False, True])
def test_killed_anywhere_then_completed(tmp_path, back):
    whole = with_nics(tmp_path / "whole")
    converge(Sriov([], ROWS), whole, False)
    fresh = state(whole)
    converge(dpdk(), whole, False) if not back else None
    wanted = fresh if back else state(whole)
    for write in range(1, 60):
        host = with_nics(tmp_path / str(write))
        converge(Sriov([], ROWS), host, False)
        if back:
            converge(dpdk(), host, False)
        host.writes = iter(range(1, 1000))
        host.killed_at = write
        final = Dpdk() if back else dpdk()
        try:
            converge(final, host, False)
        except KilledError:
            host.killed_at = 0
            converge(final, host, False)
            assert state(host) == wanted, write
        else:
            break
    assert 8 < write < 59


def test_the_whole_in_check_mode_on_a_fresh_machine(host):
    """The VFs are not there yet; what is said of them is true all the same."""
    before = state(host)
    converge(Sriov([], ROWS), host, True)
    predicted = converge(dpdk(), host, True)
    assert state(host) == before
    both(host)
    environment = next(change.after for change in predicted.changes if change.path == ENVIRONMENT)
    assert environment == host.text(ENVIRONMENT)


def test_vfs_that_nobody_made(host):
    with pytest.raises(UllError, match=r"dpdk_vfs \(VF 0 of .*has no VF 0.*Remedy: apply the role sriov first"):
        converge(dpdk(), host, False)


def test_what_applications_read(host):
    both(host)
    assert host.text(ENVIRONMENT).splitlines()[1:] == [
        'DPDK_EAL_ARGS="-l 1,5 -a 0000:81:10.0 -a 0000:81:10.1"',
        'DPDK_DEVICES="0000:81:10.0 0000:81:10.1"',
        'DPDK_LCORES="1,5"',
        'DPDK_MAIN_LCORE="1"',
    ]
    fact = json.loads(host.text(FACT))
    assert fact["eal_args"] == ["-l", "1,5", "-a", "0000:81:10.0", "-a", "0000:81:10.1"]
    assert (fact["lcores"], fact["main_lcore"]) == ("1,5", 1)


def test_bifurcated_devices_are_named_and_not_bound(tmp_path):
    host = with_nics(tmp_path, {PF: Nic("ens2", "mlx5_core")})
    rows = [row(0, "")]
    converge(Sriov([], rows), host, False)
    outcome = converge(Dpdk(rows), host, False)
    assert outcome.states == []
    assert "-a 0000:81:10.0" in host.text(ENVIRONMENT)
    assert vf_device.driver(host, host.vf(PF, 0)) == "mlx5_core"


@pytest.mark.parametrize(
    ("index", "address"), [(0, "0000:81:10.0"), (7, "0000:81:10.7"), (8, "0000:81:11.0"), (130, "0000:82:00.2")]
)
def test_addresses_of_vfs_before_they_are_there(host, index, address):
    assert vf_at(host, PF, index) == address


# -- the IOMMU


def test_without_iommu_the_binding_waits_for_the_boot(tmp_path):
    host = with_nics(tmp_path, {PF: Nic("ens2", group=None)})
    before = state(host)
    converge(Sriov([], ROWS), host, False)
    outcome = converge(dpdk(), host, False)
    waiting = {name: status for name, status in statuses(outcome).items() if PF in name}
    assert waiting == {f"dpdk.{PF}.vf0": "pending_reboot", f"dpdk.{PF}.vf1": "pending_reboot"}
    assert {s.impact for s in outcome.states if PF in s.name} == {"reboot"}
    assert drivers(host)[:2] == ["none", "none"]
    assert not converge(dpdk(), host, False).changed

    host.nics[PF].group = 4
    host._join(PF, 4)
    host.boot()
    assert host.run_units(UNITS) == []
    assert drivers(host) == ["vfio-pci", "vfio-pci", "igbvf"]
    assert set(statuses(converge(dpdk(), host, False)).values()) == {"in_sync"}
    undo(host)
    assert persons(host).keys() == before[0].keys()


def test_an_iommu_that_a_boot_did_not_bring(tmp_path):
    host = with_nics(tmp_path, {PF: Nic("ens2", group=None)})
    both(host)
    host.boot()
    converge(Sriov([], ROWS), host, False)
    with pytest.raises(UllError, match=r"no IOMMU group.*iommu-missing.*Remedy: switch VT-d"):
        converge(dpdk(), host, False)


@pytest.mark.parametrize(("other", "refused"), [("ahci", True), ("pcieport", False), ("vfio-pci", False)])
def test_a_group_shared_with_another_device(host, other, refused):
    converge(Sriov([], ROWS), host, False)
    tree(host.root, {f"{DEVICES}/0000:81:05.0/driver": Link(f"../../drivers/{other}")})
    tree(host.root, {"/sys/kernel/iommu_groups/14/devices/0000:81:05.0": ""})
    before = everything(host)
    if not refused:
        converge(dpdk(), host, False)
        return
    with pytest.raises(
        UllError, match=r"shares its IOMMU group 14 with 0000:81:05.0, which ahci drives. Remedy: .*ACS"
    ):
        converge(dpdk(), host, False)
    assert everything(host) == before


# -- who uses a VF


def hold(host, index):
    group = host.link(f"{DEVICES}/{host.vf(PF, index)}/iommu_group")
    tree(host.root, {"/proc/71/comm": "trader", "/proc/71/fd/9": Link(f"/dev/vfio/{group}")})


def test_a_vf_that_is_open_is_not_taken_away(host):
    both(host)
    hold(host, 1)
    assert not converge(dpdk(), host, False).changed
    before = everything(host)
    for domain in (Dpdk(), Dpdk([row(0)])):
        with pytest.raises(UllError, match=rf"dpdk.{PF}.vf1.*process 71 \(trader\).*Remedy: stop"):
            converge(domain, host, False)
    with pytest.raises(UllError, match=r"vf1.*process 71"):
        converge(Sriov([], [row(0), row(1, ""), ROWS[2]]), host, False)
    assert everything(host) == before


def test_a_vf_that_the_kernel_uses_is_not_taken(host):
    converge(Sriov([], [row(i, "") for i in range(2)]), host, False)
    host.addresses[vf_device.netdev(host, host.vf(PF, 1))] = "192.0.2.1"
    before = everything(host)
    with pytest.raises(UllError, match=r"VF 1 of .*igbvf drives it, and it is in use by interface.*Remedy: stop"):
        converge(dpdk(), host, False)
    assert everything(host) == before


def test_a_vf_that_becomes_the_kernels_stays_the_kernels(host):
    both(host)
    rows = [row(0), row(1, ""), ROWS[2]]
    converge(Sriov([], rows), host, False)
    converge(dpdk(vfs=rows), host, False)
    assert drivers(host) == ["vfio-pci", "igbvf", "igbvf"]
    assert not converge(dpdk(vfs=rows), host, False).changed
    assert not converge(Sriov([], rows), host, False).changed


def test_a_driver_from_before_comes_back(host):
    converge(Sriov([], [row(i, "") for i in range(3)]), host, False)
    converge(dpdk(), host, False)
    assert drivers(host) == ["vfio-pci", "vfio-pci", "igbvf"]
    converge(Dpdk(), host, False)
    assert drivers(host) == ["igbvf"] * 3
    assert vf_device.override(host, host.vf(PF, 0)) == ""


def test_the_module_stays_where_others_use_it(host):
    both(host)
    tree(host.root, {"/sys/bus/pci/drivers/vfio-pci/0000:99:00.0": ""})
    converge(Dpdk(), host, False)
    assert host.exists("/sys/bus/pci/drivers/vfio-pci")


# -- what is refused


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (dpdk(vfs=[row(7)]), r"dpdk_vfs \(VF 7 of .*= 7: .* has 7 VFs at most"),
        (dpdk(vfs=[{**row(0), "pf": "0000:99:00.0"}]), r"there is no device 0000:99:00.0"),
        (dpdk(vfs=[{**row(0), "driver": "igb_uio"}]), r"dpdk_vfs\[0\].driver = 'igb_uio'"),
        (dpdk(hugepage_sizes=["16M"]), r"dpdk_hugepage_sizes = '16M': there are no 16M pages.*Remedy: use 2M, 1G"),
        (dpdk(eal={"lcore": "1"}), r"dpdk_eal.lcore.*Remedy: use lcores"),
        (dpdk(eal={"lcores": "1,99"}), r"dpdk_eal.lcores.*CPUs 99 are not online.*Remedy: use CPUs of 0-7"),
        (dpdk(eal={"lcores": "1", "main_lcore": 2}), r"dpdk_eal.main_lcore = 2: not one of the lcores"),
        (dpdk(eal={"eal_args": ["-l 1"]}), r"dpdk_eal.eal_args = '-l 1'"),
        (dpdk(eal={"eal_args": ["$(reboot)"]}), r"not an EAL argument"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(host, domain, words):
    before = everything(host)
    with pytest.raises(UllError, match=words):
        converge(domain, host, False)
    assert everything(host) == before
    assert host.commands == []
