# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import functools

import pytest
from fake_tree import Link, tree
from machines import KilledError
from vf_machine import DEVICES, PF, ZERO, Nic, everything, kernel, persons, with_nics

from ansible_collections.ull.metal.plugins.module_utils.agent import store
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import sriov_quirks, vf_device, vf_parent
from ansible_collections.ull.metal.plugins.module_utils.settings.sriov import Sriov
from ansible_collections.ull.metal.plugins.module_utils.settings.vf_row import VfRow, parse, reported

# the same sources give the same bytes: made once
ARCHIVE = functools.cache(store.archive)
MAC = "02:00:5e:00:00:{:02x}"


def row(index: int, pf: str = PF, driver: str = "", **more) -> dict:
    plain = {"pf": pf, "index": index, "driver": driver, "use": "dpdk" if driver else "kernel"}
    return {**plain, "mac": MAC.format(index), "vlan": 0, "qos": 0, "trust": False, "spoof_check": True, **more}


def nics(count: int, pf: str = PF) -> list[dict]:
    return [{"pci": pf, "numvfs": count}]


MIXED = [row(0, driver="vfio-pci", vlan=100, qos=3, trust=True), row(1), row(2, spoof_check=False, use="pod")]


@pytest.fixture
def host(tmp_path):
    return with_nics(tmp_path)


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch):
    monkeypatch.setattr(store, "archive", ARCHIVE)
    monkeypatch.setattr(vf_parent.time, "sleep", lambda _seconds: None)


def statuses(outcome) -> dict[str, str]:
    return {state.name.removeprefix("sriov."): state.status for state in outcome.states}


def driver(host, index, pf=PF) -> str:
    return vf_device.driver(host, vf_device.vf_address(host, pf, index))


def autoprobe(host) -> str:
    return host.read(f"{DEVICES}/{PF}/sriov_drivers_autoprobe")


# -- apply, read back, again, check mode, boot, undo


def test_a_mixed_nic_from_the_first_run_to_the_undo(host):
    before, sysfs = persons(host), kernel(host)
    domain = Sriov(nics(3), MIXED)
    predicted = converge(domain, host, True)
    assert (persons(host), kernel(host)) == (before, sysfs), "check mode wrote something"
    outcome = converge(domain, host, False)
    assert statuses(outcome) == {
        f"{PF}.link": "in_sync",
        f"{PF}.autoprobe": "in_sync",
        f"{PF}.numvfs": "in_sync",
        **{f"{PF}.vf{i}": "in_sync" for i in range(3)},
    }
    assert [c.path for c in predicted.changes] == [c.path for c in outcome.changes]
    assert [state.as_dict() for state in predicted.states] == [state.as_dict() for state in outcome.states]
    assert [driver(host, i) for i in range(3)] == ["none", "igbvf", "igbvf"]
    assert autoprobe(host) == "0", "a module loaded later would take the VF that is for vfio-pci"
    assert host.vfs[PF][0] == {"mac": MAC.format(0), "vlan": "100", "qos": "3", "spoofchk": True, "trust": True}

    commands = list(host.commands)
    assert not converge(domain, host, False).changed
    assert not converge(Sriov(nics(3), MIXED), host, True).changed
    assert host.commands == commands, "a run that changes nothing ran commands"

    host.boot()
    assert host.read(f"{DEVICES}/{PF}/sriov_numvfs") == "0"
    assert host.run_units({"sriov": Sriov}) == []
    assert not converge(domain, host, True).changed

    assert converge(Sriov(), host, False).changed
    assert (persons(host), kernel(host)) == (before, sysfs)
    assert not converge(Sriov(), host, False).changed


@pytest.mark.parametrize("undo", [False, True])
def test_killed_anywhere_then_completed(tmp_path, undo):
    domain = Sriov(nics(3), [*MIXED[:2], row(2, max_tx_rate=500)])
    whole = with_nics(tmp_path / "whole")
    fresh = (persons(whole), kernel(whole))
    converge(domain, whole, False)
    wanted = fresh if undo else (persons(whole), kernel(whole))
    attributes = {} if undo else whole.vfs[PF]
    for write in range(1, 60):
        host = with_nics(tmp_path / str(write))
        if undo:
            converge(domain, host, False)
            host.writes = iter(range(1, 1000))
        host.killed_at = write
        final = Sriov() if undo else domain
        try:
            converge(final, host, False)
        except KilledError:
            host.killed_at = 0
            converge(final, host, False)
            assert (persons(host), kernel(host)) == wanted
            assert host.vfs[PF] == attributes
        else:
            break
    assert 8 < write < 59


def test_attributes_come_before_the_driver_and_the_address_first(host):
    converge(Sriov(nics(1), [row(0, vlan=7, max_tx_rate=100)]), host, False)
    mine = [c for c in host.commands if c[0] != "systemctl"]
    vf = ["ip", "link", "set", "dev", "ens2", "vf", "0"]
    assert mine == [
        ["ip", "link", "set", "dev", "ens2", "up"],
        [*vf, "mac", MAC.format(0)],
        [*vf, "vlan", "7", "qos", "0"],
        [*vf, "max_tx_rate", "100"],
        ["modprobe", "-q", "-b", "pci:igbvf"],
    ]


def test_only_what_differs_is_written(host):
    converge(Sriov(nics(2), [row(0), row(1)]), host, False)
    host.commands.clear()
    outcome = converge(Sriov(nics(2), [row(0), row(1, trust=True)]), host, False)
    mine = [c for c in host.commands if c[0] != "systemctl"]
    assert mine == [["ip", "link", "set", "dev", "ens2", "vf", "1", "trust", "on"]]
    assert {c.path for c in outcome.changes} == {"/etc/ull-metal/sriov.json", f"sriov.{PF}.vf1"}


def test_a_run_asks_once_for_each_nic(host):
    domain = Sriov(nics(7), [row(i) for i in range(7)])
    converge(domain, host, False)
    host.asked.clear()
    converge(domain, host, False)
    assert len(host.asked) <= 2


def test_kernel_vfs_alone_leave_autoprobe_on(host):
    converge(Sriov(nics(2), [row(0), row(1)]), host, False)
    assert autoprobe(host) == "1"
    assert [driver(host, i) for i in range(2)] == ["igbvf", "igbvf"]


def test_vfs_for_vfio_alone_get_no_driver(host):
    converge(Sriov(nics(2), [row(i, driver="vfio-pci") for i in range(2)]), host, False)
    assert (autoprobe(host), driver(host, 0), driver(host, 1)) == ("0", "none", "none")


def test_vf_10_comes_after_vf_9(tmp_path):
    host = with_nics(tmp_path, {PF: Nic("ens2", "ice", 64)})
    converge(Sriov([], [row(i) for i in range(12)]), host, False)
    assert vf_device.vf_numbers(host, PF) == list(range(12))
    assert host.vfs[PF][10]["mac"] == MAC.format(10)


def test_names_do_not_matter(tmp_path):
    domain = Sriov(nics(2), [row(0), row(1)])
    host = with_nics(tmp_path / "a", {PF: Nic("ens2")})
    other = with_nics(tmp_path / "b", {PF: Nic("enp129s0")})
    converge(domain, host, False)
    converge(domain, other, False)
    assert host.text("/etc/ull-metal/sriov.json") == other.text("/etc/ull-metal/sriov.json")


def test_a_new_address_reloads_the_kernel_driver_where_it_must(tmp_path):
    for pf_driver, reloads in {"igb": True, "mlx5_core": True, "i40e": False, "ice": False}.items():
        host = with_nics(tmp_path / pf_driver, {PF: Nic("ens2", pf_driver)})
        converge(Sriov(nics(1), [row(0)]), host, False)
        ours, probes = host.vf(PF, 0), []
        probe = host._probe
        host._probe = lambda address, probe=probe, probes=probes: (probes.append(address), probe(address))
        converge(Sriov(nics(1), [row(0, mac="02:00:00:00:00:77")]), host, False)
        assert (probes == [ours]) is reloads, pf_driver
        assert driver(host, 0) != "none"


def test_a_driver_that_is_busy_is_asked_again(host):
    host.busy = 3
    converge(Sriov(nics(1), [row(0)]), host, False)
    assert host.vfs[PF][0]["mac"] == MAC.format(0)
    host.busy = 1000
    with pytest.raises(UllError, match="temporarily unavailable"):
        converge(Sriov(nics(1), [row(0, trust=True)]), host, False)


def test_a_rate_waits_for_the_link(tmp_path):
    host = with_nics(tmp_path, {PF: Nic("ens2", "igb", up=True)})
    host._set("/sys/class/net/ens2/carrier", "0")
    with pytest.raises(UllError, match=r"vf0.max_tx_rate.*no link.*Remedy: check cable"):
        converge(Sriov(nics(1), [row(0, max_tx_rate=100)]), host, False)
    host._set("/sys/class/net/ens2/carrier", "1")
    converge(Sriov(nics(1), [row(0, max_tx_rate=100)]), host, False)
    assert host.vfs[PF][0]["max_tx_rate"] == "100"


def test_a_vf_driver_that_is_not_installed(host):
    host.modules.clear()
    with pytest.raises(UllError, match=r"driver none.*Remedy: .*kernel driver is installed"):
        converge(Sriov(nics(1), [row(0)]), host, False)


# -- consent


def test_another_number_of_vfs_is_refused_without_consent(host):
    converge(Sriov(nics(2), [row(0), row(1)]), host, False)
    before = everything(host)
    words = rf"host lab1: sriov.{PF}.numvfs = '4': it has 2 VFs, which would be destroyed.*`sriov_drain: allow`"
    for check_mode in (True, False):
        with pytest.raises(UllError, match=words):
            converge(Sriov(nics(4), [row(0)]), host, check_mode)
    assert everything(host) == before
    domain = Sriov(nics(4), [row(i) for i in range(4)], drain="allow")
    predicted = converge(domain, host, True)
    assert {s.name: s.impact for s in predicted.states}[f"sriov.{PF}.numvfs"] == "drain"
    outcome = converge(domain, host, False)
    assert set(statuses(outcome).values()) == {"in_sync"}
    assert len(host.vfs[PF]) == 4
    assert not converge(Sriov(nics(4), domain.vfs), host, False).changed
    converge(Sriov(), host, False)
    assert host.vfs[PF] == {}


def test_fewer_vfs_with_consent(host):
    converge(Sriov(nics(4), [row(i) for i in range(4)]), host, False)
    domain = Sriov(nics(2), [row(i) for i in range(2)], drain="allow")
    assert set(statuses(converge(domain, host, False)).values()) == {"in_sync"}
    assert not converge(domain, host, False).changed
    converge(Sriov(), host, False)
    assert host.vfs[PF] == {}


def test_from_none_to_some_needs_no_consent_and_is_of_the_link(host):
    outcome = converge(Sriov(nics(2)), host, True)
    assert {state.impact for state in outcome.states} == {"link", "live"}


def use(host, index, how):
    address = host.vf(PF, index)
    if how == "address":
        host.addresses[f"v{address[-4:]}"] = "192.0.2.1"
    elif how == "bond":
        tree(host.root, {f"/sys/class/net/v{address[-4:]}/master": Link("../bond0")})
    elif how == "namespace":
        (net,) = host.names(f"{DEVICES}/{address}/net")
        host.path(f"{DEVICES}/{address}/net/{net}/ifindex").unlink()
        host.path(f"{DEVICES}/{address}/net/{net}").rmdir()
    else:
        host._unbind(address)
        host._bind(address, "vfio-pci")
        group = host.link(f"{DEVICES}/{address}/iommu_group")
        tree(host.root, {"/proc/71/comm": "testpmd", "/proc/71/fd/9": Link(f"/dev/vfio/{group}")})


@pytest.mark.parametrize("how", ["address", "bond", "namespace", "vfio"])
def test_an_undo_does_not_take_a_vf_that_is_in_use(host, how):
    converge(Sriov(nics(2), [row(0), row(1)]), host, False)
    use(host, 1, how)
    before = everything(host)
    with pytest.raises(UllError, match=rf"{PF}.numvfs.*VF 1 \("):
        converge(Sriov(), host, False)
    assert everything(host) == before
    if how == "vfio":
        with pytest.raises(UllError, match=r"VF 1 \(process 71 \(testpmd\)\).*Remedy: stop these"):
            converge(Sriov(drain="allow"), host, False)
    else:
        converge(Sriov(drain="allow"), host, False)
        assert host.vfs[PF] == {}


def test_the_address_of_a_vf_in_use_is_not_changed_without_consent(host):
    converge(Sriov(nics(2), [row(0), row(1)]), host, False)
    use(host, 1, "address")
    converge(Sriov(nics(2), [row(0), row(1, trust=True)]), host, False)
    changed = [row(0), row(1, trust=True, vlan=9)]
    with pytest.raises(UllError, match=r"vf1.*in use by interface.*has mac .* vlan 0.*sriov_drain: allow"):
        converge(Sriov(nics(2), changed), host, False)
    predicted = converge(Sriov(nics(2), changed, drain="allow"), host, True)
    assert {state.name: state.impact for state in predicted.states}[f"sriov.{PF}.vf1"] == "drain"
    converge(Sriov(nics(2), changed, drain="allow"), host, False)
    assert host.vfs[PF][1]["vlan"] == "9"


def test_what_a_pod_has_is_left_to_it(host):
    rows = [row(0), row(1, use="pod")]
    converge(Sriov(nics(2), rows), host, False)
    use(host, 1, "namespace")
    host.vfs[PF][1] |= {"vlan": "300", "qos": "0"}
    outcome = converge(Sriov(nics(2), rows), host, False)
    assert not outcome.changed
    assert f"{PF}.vf1" not in statuses(outcome)


def test_vfs_from_before_come_back_with_their_attributes(host):
    host.poke(f"{DEVICES}/{PF}/sriov_numvfs", "2")
    host.vfs[PF][1] |= {"mac": "02:00:00:00:00:99", "vlan": "5", "qos": "1"}
    converge(Sriov(nics(3), [row(i, driver="vfio-pci") for i in range(3)], drain="allow"), host, False)
    converge(Sriov(), host, False)
    assert host.vfs[PF][1]["mac"] == "02:00:00:00:00:99"
    assert (host.vfs[PF][1]["vlan"], host.vfs[PF][1]["qos"]) == ("5", "1")
    assert (len(host.vfs[PF]), host.vfs[PF][0]["mac"], autoprobe(host)) == (2, ZERO, "1")


def test_a_pf_that_somebody_uses_since_stays_up(host):
    converge(Sriov(nics(1), [row(0)]), host, False)
    host.addresses["ens2"] = "192.0.2.1"
    converge(Sriov(), host, False)
    assert host.read("/sys/class/net/ens2/flags") == "0x1003"
    assert not host.exists("/var/lib/ull-metal")


def test_a_nic_that_leaves_the_profile_loses_its_vfs(tmp_path):
    other = "0000:82:00.0"
    host = with_nics(tmp_path, {PF: Nic("ens2"), other: Nic("ens3", "ice", 8)})
    converge(Sriov([*nics(2), *nics(3, other)], []), host, False)
    converge(Sriov(nics(2)), host, False)
    assert (len(host.vfs[PF]), len(host.vfs[other])) == (2, 0)
    assert not converge(Sriov(nics(2)), host, False).changed


# -- what is refused


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (Sriov(nics(8)), r"numvfs|7 VFs at most.*vfs-exceed-nic.*Remedy: ask for 7 at most"),
        (Sriov(nics(1, "0000:99:00.0")), r"0000:99:00.0.*no such device.*Remedy.*lspci"),
        (Sriov([{"pci": "ens2", "numvfs": 1}]), r"sriov_nics\[0\].pci = 'ens2'.*not a PCI address"),
        (Sriov([{"pci": PF, "numvfs": -1}]), r"sriov_nics\[0\].numvfs = -1"),
        (Sriov([{"pci": PF, "num_vfs": 1}]), r"sriov_nics\[0\].num_vfs.*no such key.*Remedy: use pci and numvfs"),
        (Sriov(nics(1), [row(1)]), r"numvfs = 1: .* would have no VF 1.*Remedy: make it 2"),
        (Sriov(nics(2), [row(1), row(1)]), r"VF 1 of .*declared twice"),
        (Sriov(nics(2), [row(0), row(1, mac=MAC.format(0))]), r"VF 1 of .*mac.*VF 0 .*vf-mac-twice"),
        (Sriov([], [row(0, mac="01:00:5e:00:00:01")]), r"sriov_vfs\[0\].mac.*not an address"),
        (Sriov([], [row(0, mac=ZERO)]), r"sriov_vfs\[0\].mac.*not an address"),
        (Sriov([], [row(0, vlan=4095)]), r"sriov_vfs\[0\].vlan = 4095: out of range. Remedy: a number from 0 to 4094"),
        (Sriov([], [row(0, vlan=3, qos=8)]), r"sriov_vfs\[0\].qos = 8"),
        (Sriov([], [row(0, qos=1)]), r"sriov_vfs\[0\].qos = 1: a priority without a VLAN"),
        (Sriov([], [row(0, trust="yes")]), r"sriov_vfs\[0\].trust = 'yes': neither true nor false"),
        (Sriov([], [row(0, driver="uio")]), r"sriov_vfs\[0\].driver = 'uio'"),
        (Sriov([], [row(0, use="vm")]), r"sriov_vfs\[0\].use = 'vm'.*kernel, pod, dpdk"),
        (Sriov([], [row(-1)]), r"sriov_vfs\[0\].index = -1"),
        (Sriov([], [row(0, spoofcheck=True)]), r"sriov_vfs\[0\].spoofcheck.*no such key.*spoof_check"),
        (Sriov([], [row(0, pf="81:00.0")]), r"sriov_vfs\[0\].pf = '81:00.0'"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(host, declared, words):
    before = everything(host)
    with pytest.raises(UllError, match=words):
        converge(declared, host, False)
    assert everything(host) == before
    assert host.commands == []


@pytest.mark.parametrize(
    ("nic", "eswitch", "words"),
    [
        (Nic("ens5", "ena", 0), "legacy", r"nic-without-sriov.*Remedy: an ENA is a virtual function itself"),
        (Nic("ens5", "igb", 0), "legacy", r"nic-without-sriov.*Remedy: switch SR-IOV on in firmware"),
        (Nic("ens5", "mlx5_core"), "switchdev", r"switchdev mode.*Remedy: devlink dev eswitch set .* mode legacy"),
        (Nic("ens5", "ice"), "switchdev", r"switchdev mode"),
        (Nic("ens5", "igb"), "switchdev", None),
        (Nic("ens5", "mlx5_core"), "legacy", None),
    ],
)
def test_quirks_of_drivers(tmp_path, nic, eswitch, words):
    host = with_nics(tmp_path, {PF: nic})
    host.eswitch = eswitch
    if words is None:
        converge(Sriov(nics(1)), host, False)
        return
    with pytest.raises(UllError, match=words):
        converge(Sriov(nics(1)), host, False)
    assert host.commands == []


def test_a_pf_without_interface(host):
    host._unbind(PF)
    with pytest.raises(UllError, match=r"no interface \(driver: none\).*Remedy"):
        converge(Sriov(nics(1)), host, False)


def test_every_quirk_says_where_it_is_to_be_seen():
    assert all(quirk.source for quirk in sriov_quirks.QUIRKS.values())
    assert all(quirk.why_not for quirk in sriov_quirks.QUIRKS.values() if not quirk.sriov)


# -- rows


def test_a_row_as_text_and_back():
    declared = row(3, vlan=100, qos=2, trust=True, max_tx_rate=500)
    made = VfRow.of(declared, "x")
    assert made.text == f"mac {MAC.format(3)} vlan 100 qos 2 trust on spoof on rate 500 driver kernel"
    assert parse(made.text) == dict(made.attributes)
    assert made.as_dict() == {**declared, "max_tx_rate": 500}
    assert VfRow.of(made.as_dict(), "x") == made


def test_what_is_not_said_is_not_set():
    assert VfRow.of({"pf": PF, "index": 0, "mac": "", "driver": "vfio-pci"}, "x").text == ""


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (
            {"vf": 0, "address": "02:00:00:00:00:01", "vlan_list": [{"vlan": 100, "qos": 3}], "trust": True},
            "mac 02:00:00:00:00:01 vlan 100 qos 3 trust on spoof off rate 0",
        ),
        # iproute2 before 5.0
        (
            {"vf": 0, "mac": "02:00:00:00:00:01", "vlan": 7, "spoofchk": True, "rate": {"max_tx": 9}},
            "mac 02:00:00:00:00:01 vlan 7 qos 0 trust off spoof on rate 9",
        ),
    ],
)
def test_what_ip_reports(entry, text):
    assert " ".join(f"{word} {value}" for word, value in reported(entry).items()) == text
