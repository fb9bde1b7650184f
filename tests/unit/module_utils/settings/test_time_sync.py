# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools

import pytest
from fake_tree import tree
from machines import KilledError, contents
from services import ServingHost, serving

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import time_chrony, time_ptp
from ansible_collections.ull.metal.plugins.module_utils.settings.time_sync import TimeSync

CONFIG = "/etc/chrony/ull-metal.conf"
DROP_IN = "/etc/systemd/system/chrony.service.d/90-ull-metal.conf"
SERVERS = {"sources": [{"address": "ntp1", "iburst": True, "nts": True}, {"address": "10.0.0.2", "kind": "peer"}]}
PTP = {"interfaces": ["ens2"]}
# Captured: igb, ethtool 6.14
TEXT = """Time stamping parameters for ens2:
Capabilities:
\thardware-transmit
\tsoftware-transmit
\thardware-receive
\tsoftware-receive
\tsoftware-system-clock
\thardware-raw-clock
PTP Hardware Clock: 3
Hardware Transmit Timestamp Modes:
\toff
\ton
Hardware Receive Filter Modes:
\tnone
\tptpv2-event
"""
VIRTIO = """Time stamping parameters for mgmt0:
Capabilities:
\tsoftware-transmit
\tsoftware-receive
\tsoftware-system-clock
PTP Hardware Clock: none
Hardware Transmit Timestamp Modes: none
Hardware Receive Filter Modes: none
"""


@pytest.fixture
def host(tmp_path) -> ServingHost:
    units = {
        "chrony.service": (False, False),
        "systemd-timesyncd.service": (True, True),
        "ntpsec.service": (False, True),
    }
    made = serving(
        tmp_path,
        {
            "/sys/class/net/ens2/mtu": "1500",
            "/sys/class/net/mgmt0/mtu": "1500",
            "/etc/chrony/chrony.conf": "pool x",
            "/etc/systemd/system/multi-user.target.wants/x": "",
            "/usr/share/zoneinfo/leap-seconds.list": "",
        },
        units,
    )
    made.answers["ethtool --json"] = (1, "JSON output not available for this subcommand")
    made.answers["ethtool -T ens2"] = (0, TEXT)
    made.answers["ethtool -T mgmt0"] = (0, VIRTIO)
    return made


NTP = TimeSync("ntp", SERVERS, {}, "0-1")
DOMAINS = {
    "ntp": NTP,
    "phc2sys": TimeSync("ptp", {}, PTP),
    "software": TimeSync("ptp", {}, {**PTP, "stamping": "software"}),
    "refclock": TimeSync("ptp", SERVERS, {**PTP, "servo": "chrony"}),
}


# -- what is written


def test_ntp(host):
    converge(NTP, host, False)
    lines = host.text(CONFIG).splitlines()
    assert lines[1:3] == ["server ntp1 iburst nts", "peer 10.0.0.2"]
    assert {"makestep 1.0 3", "rtcsync", "bindcmdaddress 127.0.0.1", "port 0"} <= set(lines)
    assert "leapseclist /usr/share/zoneinfo/leap-seconds.list" in lines
    text = host.text(DROP_IN)
    assert f"ExecStart=\nExecStart=!/usr/sbin/chronyd $DAEMON_OPTS -f {CONFIG}\n" in text
    assert "CPUAffinity=0-1" in text
    assert host.text("/etc/chrony/chrony.conf") == "pool x\n"
    assert host.units["chrony.service"] == [True, True]
    assert host.units["systemd-timesyncd.service"] == host.units["ntpsec.service"] == [False, False]


def test_serving_opens_the_port(host):
    text = time_chrony.render(host, [], serve=["10.0.0.0/8"], local_stratum=5)
    assert "allow 10.0.0.0/8\nlocal stratum 5\n" in text
    assert "port 0" not in text


def test_the_units_own_command_is_kept(tmp_path):
    unit = "/usr/lib/systemd/system/chronyd.service"
    host = tree(
        tmp_path, {"/etc/os-release": 'ID="rocky"\nID_LIKE="rhel fedora"', unit: "ExecStart=/usr/sbin/chronyd -n $X"}
    )
    assert "ExecStart=/usr/sbin/chronyd -n $X -f /etc/chrony-ull-metal.conf" in time_chrony.drop_in(host, "")
    assert time_chrony.unit(host) == "chronyd.service"


def test_phc2sys(host):
    converge(DOMAINS["phc2sys"], host, False)
    assert "time_stamping hardware\n" in host.text("/etc/linuxptp/ull-metal-ens2.conf")
    assert "-s ens2 -c CLOCK_REALTIME -w -n 0" in host.text("/etc/systemd/system/ull-metal-phc2sys.service")
    assert host.units["ull-metal-phc2sys.service"] == host.units["ull-metal-ptp4l-ens2.service"] == [True, True]
    assert host.units["chrony.service"] == [False, False]
    assert not host.exists(CONFIG)


def test_with_software_stamps_ptp4l_alone_steers(host):
    converge(DOMAINS["software"], host, False)
    assert "time_stamping software\n" in host.text("/etc/linuxptp/ull-metal-ens2.conf")
    assert not host.exists("/etc/systemd/system/ull-metal-phc2sys.service")


def test_chrony_with_a_hardware_clock(host):
    converge(DOMAINS["refclock"], host, False)
    assert "refclock PHC /dev/ptp3 refid PTP0 poll 0 dpoll -2 tai\n" in host.text(CONFIG)
    assert not host.exists("/etc/systemd/system/ull-metal-phc2sys.service")


@pytest.mark.parametrize(
    ("profile", "lines"),
    [
        ("default", ["domainNumber 0", "network_transport UDPv4", "delay_mechanism E2E"]),
        ("G.8275.1", ["domainNumber 24", "network_transport L2", "logSyncInterval -4", "dataset_comparison G.8275.x"]),
        ("G.8275.2", ["domainNumber 44", "unicast_listen 1", "UDPv4 10.0.0.1", "unicast_master_table 1"]),
    ],
)
def test_profiles(profile, lines):
    masters = ["10.0.0.1"] if profile == "G.8275.2" else []
    text = time_ptp.render_ptp4l("ens2", True, profile, {"priority2": 200}, masters)
    assert set(lines) | {"slaveOnly 1", "priority2 200"} <= set(text.splitlines())


# -- every way is idempotent, predicted, undone, and completed when it was killed


@pytest.mark.parametrize("name", DOMAINS)
def test_a_second_run_is_unchanged_and_check_mode_predicts(host, name):
    before = contents(host)
    predicted = converge(DOMAINS[name], host, True)
    assert contents(host) == before
    assert converge(DOMAINS[name], host, False).changes == predicted.changes
    again = converge(DOMAINS[name], host, False)
    assert not again.changed
    assert {state.status for state in again.states} == {"in_sync"}


@pytest.mark.parametrize("name", DOMAINS)
def test_undo(host, name):
    before, units = contents(host), {name: list(state) for name, state in host.units.items()}
    converge(DOMAINS[name], host, False)
    converge(TimeSync(), host, False)
    assert contents(host) == before
    assert {name: state for name, state in host.units.items() if "ull-metal" not in name} == units
    assert not any(any(state) for name, state in host.units.items() if "ull-metal" in name)
    assert not converge(TimeSync(), host, False).changed


def test_from_ntp_to_ptp_and_back(host):
    before = contents(host)
    for name in ("ntp", "phc2sys", "refclock", "software", "ntp"):
        converge(DOMAINS[name], host, False)
        steering = [unit for unit in ("chrony.service", "ull-metal-phc2sys.service") if host.units.get(unit, [0, 0])[1]]
        assert len(steering) == (name != "software")
    converge(TimeSync(), host, False)
    assert contents(host) == before


@pytest.mark.parametrize("killed_at", range(1, 24))
@pytest.mark.parametrize("name", ["ntp", "phc2sys"])
def test_killed_and_completed(host, name, killed_at):
    before = contents(host)
    host.killed_at = killed_at
    try:
        converge(DOMAINS[name], host, False)
    except KilledError:
        converge(DOMAINS[name], host, False)
    host.killed_at = 0
    assert not converge(DOMAINS[name], host, False).changed
    commands = [" ".join(argv) for argv in host.commands]
    unit = "chrony.service" if name == "ntp" else "ull-metal-ptp4l-ens2.service"
    assert f"systemctl try-restart {unit}" in commands
    host.writes, host.killed_at = itertools.count(1), killed_at
    try:
        converge(TimeSync(), host, False)
    except KilledError:
        host.killed_at = 0
        converge(TimeSync(), host, False)
    assert contents(host) == before


def test_what_is_stopped_by_hand_is_started(host):
    converge(NTP, host, False)
    host.units["chrony.service"][1] = False
    assert [change.path for change in converge(NTP, host, False).changes] == ["time_sync.unit.chrony.service.active"]


# -- what is refused


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        (TimeSync("ntp"), "there is no source"),
        (TimeSync("ntp", SERVERS, PTP), "both NTP and PTP"),
        (TimeSync("ptp", SERVERS, PTP), "both phc2sys and chronyd"),
        (TimeSync("ptp"), "there is no interface"),
        (TimeSync("ptp", {}, {"interfaces": ["nosuch"]}), "there is no such interface.*use one of ens2, mgmt0"),
        (TimeSync("ptp", {}, {"interfaces": ["mgmt0"]}), "does not stamp packets in hardware"),
        (TimeSync("ptp", {}, {"interfaces": ["ens2", "ens2"]}), "each would discipline"),
        (TimeSync("ptp", {}, {**PTP, "options": {"a b": 1}}), "name and a value of one line"),
        (TimeSync("ptp", {}, {**PTP, "options": {"x": "1\n[ens3]"}}), "name and a value of one line"),
        (TimeSync("ptp", {}, {**PTP, "options": {"slaveOnly": 0}}), "sets this option itself"),
        (TimeSync("ptp", {}, {**PTP, "servo": "chrony", "stamping": "software"}), "ptp4l sets the system clock"),
        (TimeSync("ntp", {"sources": [{"address": "a b"}]}), "the address or the name"),
        (TimeSync("ntp", {"sources": [{"address": "a\nallow all"}]}), "the address or the name"),
        (TimeSync("ntp", {"sources": [{"address": "a", "kind": "peer", "nts": True}]}), "peers have none"),
        (TimeSync("ntp", {**SERVERS, "serve": ["all"]}), "no network"),
        (TimeSync("ntp", {**SERVERS, "hwtimestamp": ["ens2"]}), "NTP packets that it receives"),
        (TimeSync("ntp", SERVERS, {}, "0-9"), "not online"),
    ],
)
def test_refused_before_anything_is_touched(host, domain, says):
    before = contents(host)
    with pytest.raises(UllError, match=says) as refused:
        converge(domain, host, False)
    assert refused.value.remedy
    assert contents(host) == before


# -- ethtool -T


JSON = """[{"ifname": "eth0", "capabilities": ["hardware-transmit", "hardware-receive", "hardware-raw-clock"],
 "phc-index": 2, "rx-filters": ["none", "all"]}]"""


@pytest.mark.parametrize(
    ("said", "hardware", "clock", "ntp"),
    [
        (TEXT, True, 3, False),
        (TEXT.replace("ptpv2-event", "all"), True, 3, True),
        (TEXT.replace("PTP Hardware Clock: 3", "Hardware timestamp provider index: 0"), True, 0, False),
        (TEXT.replace("PTP Hardware Clock: 3", "PTP Hardware Clock: none"), False, -1, False),
        (TEXT.replace("\thardware-receive\n", ""), False, 3, False),
        (VIRTIO, False, -1, False),
        (JSON, True, 2, True),
        ("", False, -1, False),
        ("[]", False, -1, False),
        ('[{"capabilities": 3}]', False, -1, False),
        ("netlink error: No such device", False, -1, False),
    ],
)
def test_stamping(said, hardware, clock, ntp):
    found = time_ptp.parse_stamping(said)
    assert (found.hardware, found.clock, found.ntp) == (hardware, clock, ntp)
