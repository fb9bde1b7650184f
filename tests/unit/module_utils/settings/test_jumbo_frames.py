# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools
import os

import pytest
from links import NET, PF, VFS, link_host
from machines import KilledError, contents

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.jumbo_frames import JumboFrames
from ansible_collections.ull.metal.plugins.module_utils.settings.registry import DOMAINS
from ansible_collections.ull.metal.plugins.module_utils.topology import netlink

DROP_IN = "/etc/systemd/network/{}.network.d/90-ull-metal-mtu.conf"
CONF = "/etc/NetworkManager/conf.d/90-ull-metal-mtu.conf"
SCRIPT = "/etc/network/if-up.d/ull-metal-mtu"
AGENT = "/etc/ull-metal/jumbo_frames.json"
NICS = [{"name": "ens2", "mtu": 9000}, {"name": "ens3", "mtu": 9000}]
VF_ROWS = [{"pf": PF, "pf_name": "ens2", "index": index, "mtu": 9000} for index in (0, 1)]
ALL = ["ens2", "ens3", "ens4", *VFS, "ens2.7", "bond0", "br0"]


@pytest.fixture
def host(tmp_path):
    return link_host(tmp_path)


@pytest.fixture(params=["nobody", "networkd", "NetworkManager", "ifupdown"])
def managed(request, host):
    """The host, with a network manager for the PF."""
    if request.param == "networkd":
        host.managed_by_networkd("ens2", "/run/systemd/network/10-netplan-ens2.network", "Name=ens2")
    elif request.param == "NetworkManager":
        host.managed_by_network_manager("ens2")
    elif request.param == "ifupdown":
        host.managed_by_ifupdown("ens2")
    return host


def domain(nics: list | None = None, vfs: list | None = None) -> JumboFrames:
    return JumboFrames(NICS if nics is None else nics, VF_ROWS if vfs is None else vfs)


def files(host) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in host.root.rglob("*") if path.is_file()}


def refused(host, *args) -> UllError:
    before = files(host)
    with pytest.raises(UllError) as caught:
        converge(domain(*args), host, False)
    assert files(host) == before
    return caught.value


# -- there and back


def test_the_whole_path_and_back(managed):
    before, mtus = contents(managed), managed.mtus()
    predicted = converge(domain(), managed, True)
    assert contents(managed) == before
    made = converge(domain(), managed, False)
    assert (made.states, made.changes) == (predicted.states, predicted.changes)
    assert {state.status for state in made.states} == {"in_sync"}
    assert managed.mtus() == {**dict.fromkeys(ALL, 9000), "mgmt0": 1500}
    assert not converge(domain(), managed, False).changed
    assert managed.boots_with() == {**dict.fromkeys(ALL, 9000), "mgmt0": 1500}
    assert not converge(domain(), managed, False).changed
    assert converge(domain([], []), managed, True).changed
    converge(domain([], []), managed, False)
    assert managed.mtus() == mtus
    assert contents(managed) == before
    assert not converge(domain([], []), managed, False).changed
    left = [path for path in managed.root.rglob("*") if "ull-metal" in path.name or path.name.endswith(".network.d")]
    assert left == []


def test_killed_at_any_write_and_completed(managed):
    before, wanted = contents(managed), {**dict.fromkeys(ALL, 9000), "mgmt0": 1500}
    for rows, ends in ((domain, wanted), (lambda: domain([], []), None)):
        for place in itertools.count(1):
            managed.writes, managed.killed_at = itertools.count(1), place
            try:
                converge(rows(), managed, False)
            except KilledError:
                continue
            finally:
                managed.killed_at = 0
            break
        assert ends is None or managed.mtus() == ends
        assert not converge(rows(), managed, False).changed
    assert contents(managed) == before


# -- the order


def test_raised_from_the_bottom_up_and_lowered_from_the_top_down(host):
    converge(domain(), host, False)
    raised = [interface for interface, _mtu in host.pokes]
    for below, above in (
        ("ens2", "ens2v0"),
        ("ens2", "ens2.7"),
        ("ens3", "bond0"),
        ("ens4", "bond0"),
        ("bond0", "br0"),
    ):
        assert raised.index(below) < raised.index(above)
    host.pokes.clear()
    converge(domain([], []), host, False)
    lowered = [interface for interface, _mtu in host.pokes]
    assert lowered.index("br0") < lowered.index("bond0")
    assert lowered.index("ens2.7") < lowered.index("ens2")
    assert lowered.index("ens2v0") < lowered.index("ens2")
    assert "ens3" not in lowered  # the bond took it along


def test_at_no_moment_is_an_interface_above_the_one_below_it(host):
    """One path is raised while another is lowered, and the kernel of the fake refuses what the real one would."""
    converge(domain(), host, False)
    other = [{"name": "ens2", "mtu": 1400}, {"name": "ens3", "mtu": 9100}]
    converge(domain(other, [{**row, "mtu": 1400} for row in VF_ROWS]), host, False)
    assert host.mtus() == {
        **dict.fromkeys(["ens2", "ens2.7", *VFS], 1400), **dict.fromkeys(["ens3", "ens4", "bond0", "br0"], 9100),
        "mgmt0": 1500,
    }  # fmt: skip


def test_only_what_is_named_above_is_taken_along(host):
    converge(
        domain([{"name": "ens2", "mtu": 9000, "above": []}, {"name": "ens3", "mtu": 9000, "above": []}], []), host, 0
    )
    assert {name for name, mtu in host.mtus().items() if mtu == 9000} == {"ens2", "ens3"}


def test_what_leaves_the_declaration_returns(host):
    converge(domain(), host, False)
    converge(domain(NICS[:1], []), host, False)
    assert {name for name, mtu in host.mtus().items() if mtu == 9000} == {"ens2", "ens2.7"}


# -- who persists it


def test_networkd_gets_a_drop_in_that_its_user_may_read(host):
    host.managed_by_networkd("ens2", "/run/systemd/network/10-netplan-ens2.network", "Name=ens2")
    umask = os.umask(0o077)
    converge(domain(NICS[:1], []), host, False)
    os.umask(umask)
    file = host.path(DROP_IN.format("10-netplan-ens2"))
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o644, 0o755]
    text = host.text(DROP_IN.format("10-netplan-ens2"))
    assert "[Link]\nMTUBytes=9000" in text
    assert "Managed by Ansible" in text


def test_a_later_drop_in_of_somebody_else_is_told(host):
    host.managed_by_networkd("ens2", "/etc/systemd/network/ens2.network", "Name=ens2\n[Link]\nMTUBytes=1500")
    other = host.path("/etc/systemd/network/ens2.network.d/95-other.conf")
    other.parent.mkdir()
    other.write_text("[Link]\nMTUBytes=1492\n")
    with pytest.raises(UllError, match="the next boot would give '1492'"):
        converge(domain(NICS[:1], []), host, False)
    other.write_text("[Link]\nMTUBytes=9K\n[Network]\nMTUBytes=1\n")
    with pytest.raises(UllError, match="the next boot would give '9216'"):
        converge(domain(NICS[:1], []), host, False)


def test_a_file_that_the_management_nic_shares_gets_no_drop_in(host):
    for name in ("ens2", "mgmt0"):
        host.managed_by_networkd(name, "/etc/systemd/network/dhcp.network", "Name=e*")
    converge(domain(NICS[:1], []), host, False)
    assert not host.exists(DROP_IN.format("dhcp"))
    assert host.exists(AGENT)
    host.path("/etc/systemd/network/dhcp.network").write_text("[Link]\nMTUBytes=1500\n")
    error = refused(host, NICS[:1], [])
    assert "share" in error.message
    assert error.remedy


def test_network_manager_gets_a_default_and_no_edit_of_a_profile(host):
    host.managed_by_network_manager("ens2")
    host.managed_by_network_manager("ens2.7", mtu="")
    converge(domain(NICS[:1], []), host, False)
    assert host.text(CONF).count("ethernet.mtu=9000") == 2
    assert "match-device=interface-name:=ens2.7\n" in host.text(CONF)
    assert not host.exists(AGENT)


def test_a_profile_that_says_otherwise_is_refused(host):
    host.managed_by_network_manager("ens2", mtu="1500")
    error = refused(host, NICS[:1], [])
    assert error.remedy == "leave it open there: nmcli connection modify uuid-ens2 802-3-ethernet.mtu 0"
    host.managed_by_ifupdown("ens3")
    host.profiles["uuid-ens2"] = "9000"
    assert converge(domain(NICS[:1], []), host, False).states[0].persisted == "9000"


def test_ifupdown_gets_a_script_that_may_run(host):
    host.managed_by_ifupdown("ens2")
    converge(domain(NICS[:1], []), host, False)
    assert 'ens2) exec ip link set dev "$IFACE" mtu 9000 ;;' in host.text(SCRIPT)
    assert host.path(SCRIPT).stat().st_mode & 0o777 == 0o755


def test_an_interface_that_gets_a_manager_leaves_the_unit(host):
    nics = [{"name": "ens2", "mtu": 9000, "above": []}]
    converge(domain(nics, []), host, False)
    assert host.exists(AGENT)
    host.managed_by_network_manager("ens2")
    assert converge(domain(nics, []), host, False).changed
    assert not host.exists(AGENT)


def test_the_unit_waits_for_hardware_and_comes_after_the_vfs(host):
    converge(domain(NICS[:1], VF_ROWS), host, False)
    assert "ull-metal-sriov.service" in host.text("/etc/systemd/system/ull-metal-jumbo_frames.service")
    assert f"{PF}/virtfn1/net" in host.text(AGENT)
    assert host.exists("/etc/systemd/system/ull-metal-jumbo_frames-watch.service")
    stored = JumboFrames([{"name": "ens2", "mtu": 9000, "above": ["later0"]}], boot=True)
    assert [setting.name for setting in stored.settings(host)] == ["jumbo_frames.ens2"]


# -- VFs that are elsewhere


def lend(host: Host, name: str) -> None:
    """Take a VF's interface away, as a pod does."""
    host.path(f"/sys/bus/pci/devices/{VFS[name]}/net/{name}").rmdir()
    host.path(f"{NET}/{name}").rename(host.path("/sys/class/lent"))


def test_a_vf_in_a_pod_is_left_alone(host):
    converge(domain(), host, False)
    lend(host, "ens2v0")
    assert not converge(domain(), host, False).changed
    assert not converge(domain(), host, True).changed
    converge(domain([], []), host, False)
    assert not host.exists("/var/lib/ull-metal")


def test_vfs_that_are_not_made_yet(host):
    """In check mode of a whole run the role sriov has made none; a real run is refused before the PF is raised."""
    row = {"pf": PF, "index": 5, "mtu": 9000}
    assert converge(JumboFrames(NICS[:1], [row], predict=True), host, True).changed
    error = refused(host, NICS[:1], [row])
    assert (error.variable, error.value) == ("jumbo_frames_vfs[0].mtu", 9000)
    assert "no such VF" in str(error) and "sriov" in error.remedy


def test_what_dpdk_drives_is_left_out(host):
    row = {**VF_ROWS[0], "driver": "vfio-pci"}
    states = converge(domain([{"name": "", "pci": "0000:09:00.0", "driver": "vfio-pci", "mtu": 9000}], [row]), host, 0)
    assert states.states == []


# -- what is refused


@pytest.mark.parametrize(
    ("nics", "vfs", "variable", "words"),
    [
        ([{"name": "ens9", "mtu": 9000}], [], "jumbo_frames_nics[0].mtu", "there is no interface ens9"),
        ([{"mtu": 9000}], [], "jumbo_frames_nics[0]", "a name or a PCI address"),
        ([{"name": "ens2", "mtu": 67}], [], "jumbo_frames_nics[0].mtu", "from 68 to 65535"),
        ([{"name": "ens2", "mtu": "big"}], [], "jumbo_frames_nics[0].mtu", "from 68 to 65535"),
        ([], [{"pf": PF, "mtu": 9000}], "jumbo_frames_vfs[0]", "a PF and a number"),
        ([], VF_ROWS, "jumbo_frames_vfs[0].mtu", "vf-mtu-above-pf"),
        ([{"name": "ens2.7", "mtu": 9000}], [], "jumbo_frames_nics[0].mtu", "the MTU of ens2, below ens2.7, is 1500"),
        ([{"name": "ens3", "mtu": 9000}, {"name": "ens4", "mtu": 1500}], [], "jumbo_frames_nics[1].mtu", "and of 9000"),
        ([{"name": "ens2", "mtu": 9000, "above": ["bond7"]}], [], "jumbo_frames_nics[0].above", "no interface bond7"),
    ],
)
def test_refused_before_anything_is_touched(host, nics, vfs, variable, words):
    error = refused(host, nics, vfs)
    assert words in error.message
    assert error.variable == variable
    assert error.remedy


def test_what_the_device_cannot_have_is_refused(host, monkeypatch):
    monkeypatch.setattr(type(host), "live", True)
    monkeypatch.setattr(netlink, "max_mtus", lambda: {"ens2": 9216, "ens2v1": 1500})
    error = refused(host, [{"name": "ens2", "mtu": 9217}], [])
    assert (error.remedy, error.value) == ("use 9216", 9217)
    assert "nic-mtu-too-large" in error.message
    assert refused(host).variable == "jumbo_frames_vfs[1].mtu"


def test_a_bridges_virtual_port_may_be_smaller_and_a_physical_one_not(host):
    for name, physical in (("tap0", False), ("ens5", True)):
        host.path(f"{NET}/br0/lower_{name}").mkdir()
        for file, content in (("mtu", "1500"), ("uevent", "")):
            path = host.path(f"{NET}/{name}/{file}")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        if physical:
            host.path(f"{NET}/{name}/device").mkdir()
            assert "ens5, below br0" in refused(host, NICS[1:], []).message
        else:
            converge(domain(NICS[1:], []), host, False)
            converge(domain([], []), host, False)


# -- the plan


def test_the_slice_of_a_plan():
    take = DOMAINS["jumbo_frames"].take
    assert take({"nics": [{"name": "ens2", "queues": 4}], "vfs": []}) == {"nics": [], "vfs": []}
    assert take({"nics": [{"name": "ens2", "mtu": 9000}], "vfs": [{"index": 0}]}) == {
        "nics": [{"name": "ens2", "mtu": 9000}],
        "vfs": [],
    }
