# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import Link, tree
from machines import FakeHost, KilledError, contents

from ansible_collections.ull.metal.plugins.module_utils.agent.boot import apply
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import ethtool, interface, nic_tuning
from ansible_collections.ull.metal.plugins.module_utils.settings.nic_tuning import NicTuning

PCI = "0000:81:00.0"
WANTED = {
    "pci": PCI,
    "name": "ens2",
    "driver": "igb",
    "queues": 2,
    "rings": "max",
    "coalescing": "none",
    "offloads": "latency",
    "flow_control": "none",
    "busy_poll": "prefer",
}
# as an igb's and an mlx5's driver prints them
IGB = {
    "-l": ({"combined": "8"}, {"combined": "4"}),
    "-g": ({"rx": "4096", "tx": "4096"}, {"rx": "256", "tx": "256"}),
    "-c": {"rx-usecs": "3", "tx-usecs": "3"},
    "-k": {"gro": "on", "lro": "off [fixed]"},
    "-a": {"autoneg": "on", "rx": "on", "tx": "on"},
}
MLX5 = {
    "-l": ({"combined": "63"}, {"combined": "63"}),
    "-g": ({"rx": "8192", "tx": "8192"}, {"rx": "1024", "tx": "1024"}),
    "-c": {
        "adaptive-rx": "on",
        "adaptive-tx": "on",
        "rx-usecs": "8",
        "rx-frames": "128",
        "tx-usecs": "8",
        "tx-frames": "128",
    },
    "-k": {"gro": "on", "lro": "off", "rx-gro-hw": "off"},
    "-a": {"autoneg": "off", "rx": "on", "tx": "on"},
}
NAMES = {"gro": "generic-receive-offload", "lro": "large-receive-offload", "rx-gro-hw": "rx-gro-hw"}


class NicHost(FakeHost):
    """A machine whose ethtool answers, and sets what its driver has."""

    def __init__(self, root, driver) -> None:
        super().__init__(root)
        self.driver = {
            option: tuple(dict(part) for part in values) if isinstance(values, tuple) else dict(values)
            for option, values in driver.items()
        }
        self.connection = ""
        # ice and i40e: autoneg is not for -A to change
        self.autoneg_fixed = False

    def obey(self, argv) -> None:
        if argv[0] != "ethtool":
            assert argv[0] == "systemctl"
            return
        option, values = argv[1].lower(), dict(zip(argv[3::2], argv[4::2]))
        having = self.driver.get(option)
        now = having[1] if isinstance(having, tuple) else having
        too_much = isinstance(having, tuple) and any(int(values[word]) > int(having[0][word]) for word in values)
        if not now or set(values) - set(now) or too_much or (self.autoneg_fixed and "autoneg" in values):
            raise UllError(f"{argv} is not supported")
        now.update(values)
        if option == "-l":  # the queues are made anew
            self.driver["-c"].update({"rx-usecs": "3"})

    def ask(self, argv) -> str:
        if argv == ["ethtool", "--version"]:
            return "ethtool version 6.14"
        if argv[:4] == ["ip", "-o", "route", "get"]:
            return f"{argv[4]} dev {self.connection} src 10.0.0.2 uid 0" if self.connection else ""
        known = argv[0] == "ethtool" and argv[1] in self.driver
        return self._print(argv[1], self.driver[argv[1]]) if known else ""

    @staticmethod
    def _print(option, having) -> str:
        if isinstance(having, tuple):
            most, now = ("".join(f"{word.upper()}:\t\t{value}\n" for word, value in part.items()) for part in having)
            lacking = "RX Mini:\t\tn/a\nRX Jumbo:\t\tn/a\n"
            return f"Set:\nPre-set maximums:\n{most}{lacking}Current hardware settings:\n{now}{lacking}"
        if option == "-c":
            adaptive = [having.get(f"adaptive-{side}", "n/a") for side in ("rx", "tx")]
            delays = "".join(f"{word}:\t{value}\n" for word, value in having.items() if "adaptive" not in word)
            return (
                f"Coalesce parameters:\nAdaptive RX: {adaptive[0]}  TX: {adaptive[1]}\nrx-usecs-irq:\tn/a\n\n{delays}"
            )
        if option == "-a":
            words = {"autoneg": "Autonegotiate", "rx": "RX", "tx": "TX"}
            return "".join(f"{words[word]}:\t{value}\n" for word, value in having.items())
        return "".join(f"{NAMES[word]}: {value}\n" for word, value in having.items())


def machine(root, driver: dict | None = None, name="ens2") -> NicHost:
    driver = IGB if driver is None else driver
    tree(
        root,
        {
            f"/sys/class/net/{name}/device": Link(f"../../../{PCI}"),
            f"/sys/class/net/{name}/napi_defer_hard_irqs": "0",
            f"/sys/class/net/{name}/gro_flush_timeout": "0",
            f"/sys/bus/pci/devices/{PCI}/net/{name}/ifindex": "3",
        },
    )
    return NicHost(root, driver)


def statuses(outcome) -> dict[str, str]:
    return {state.name.rsplit(".", 1)[1]: state.status for state in outcome.states}


def running(outcome) -> dict[str, str]:
    return {state.name.rsplit(".", 1)[1]: state.running for state in outcome.states}


@pytest.mark.parametrize("driver", [IGB, MLX5], ids=["igb", "mlx5"])
def test_from_the_first_run_to_the_undo(tmp_path, driver):
    host = machine(tmp_path, driver)
    before, values = contents(host), {option: str(value) for option, value in host.driver.items()}
    predicted = converge(NicTuning([WANTED]), host, True)
    assert (contents(host), {option: str(value) for option, value in host.driver.items()}) == (before, values)
    made = converge(NicTuning([WANTED]), host, False)
    assert set(statuses(made).values()) == {"in_sync"}
    assert ([s.running for s in predicted.states], predicted.changes) == (
        [s.running for s in made.states],
        made.changes,
    )
    again = converge(NicTuning([WANTED]), host, False)
    assert (again.changed, again.reboot_required) == (False, False)
    assert converge(NicTuning([]), host, False).changed
    if "adaptive-rx" in driver["-c"]:  # delays that the driver adapts are its own again
        assert host.driver["-c"]["adaptive-rx"] == "on"
        host.driver["-c"] = driver["-c"]
    assert (contents(host), {option: str(value) for option, value in host.driver.items()}) == (before, values)
    assert not converge(NicTuning([]), host, False).changed


def test_what_each_word_means_to_a_driver(tmp_path):
    host = machine(tmp_path, MLX5)
    assert running(converge(NicTuning([WANTED]), host, False)) == {
        "queues": "combined=2",
        "rings": "rx=8192 tx=8192",
        "coalescing": "adaptive-rx=off adaptive-tx=off rx-usecs=0 tx-usecs=0 rx-frames=1 tx-frames=1",
        "offloads": "gro=off lro=off rx-gro-hw=off",
        "flow_control": "rx=off tx=off",
        "busy_poll": "napi_defer_hard_irqs=2 gro_flush_timeout=200000",
    }


def test_what_the_driver_lacks_is_said_and_no_failure(tmp_path):
    host = machine(tmp_path, {})
    outcome = converge(NicTuning([{**WANTED, "busy_poll": "keep"}]), host, False)
    assert set(running(outcome).values()) == {"not applicable"}
    assert set(statuses(outcome).values()) == {"in_sync"}
    assert "which its driver does not have" in outcome.states[0].doc


def test_an_igb_cannot_adapt(tmp_path):
    outcome = converge(NicTuning([{"pci": PCI, "coalescing": "adaptive"}]), machine(tmp_path), False)
    assert running(outcome) == {"coalescing": "not applicable"}


def test_separate_queues_where_the_driver_has_no_combined_ones(tmp_path):
    host = machine(tmp_path, {**IGB, "-l": ({"rx": "4", "tx": "4"}, {"rx": "4", "tx": "1"})})
    assert running(converge(NicTuning([{"pci": PCI, "queues": 2}]), host, False)) == {"queues": "rx=2 tx=2"}


def test_a_driver_that_lets_nobody_change_autoneg(tmp_path):
    host = machine(tmp_path)
    host.autoneg_fixed = True
    converge(NicTuning([{"pci": PCI, "flow_control": "none"}]), host, False)
    assert host.driver["-a"] == {"autoneg": "on", "rx": "off", "tx": "off"}


def test_what_other_queues_undid_is_set_again(tmp_path):
    host = machine(tmp_path)
    host.driver["-c"] = {"rx-usecs": "0", "tx-usecs": "0"}
    outcome = converge(NicTuning([{"pci": PCI, "queues": 2, "coalescing": "none"}]), host, False)
    assert running(outcome) == {"queues": "combined=2", "coalescing": "rx-usecs=0 tx-usecs=0"}


@pytest.mark.parametrize(
    ("nic", "words"),
    [
        ({"pci": PCI, "rings": "8192"}, r"nic_tuning \(ens2\).rings = '8192'.*from 1 to 4096.*Remedy: use 4096"),
        ({"pci": PCI, "rings": "many"}, r"'many'.*Remedy: use 4096"),
        ({"pci": PCI, "queues": 9}, r"queues = '9'.*from 1 to 8"),
        ({"pci": "0000:01:00.0", "rings": "max"}, r"0000:01:00.0.*no such NIC.*Remedy: plan again"),
        (
            {"pci": PCI, "coalescing": "some"},
            r"nic_tuning_nics\[0\].coalescing.*Remedy: use one of keep, adaptive, none",
        ),
        ({"rings": "max"}, r"nic_tuning_nics\[0\].*PCI address"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(tmp_path, nic, words):
    host = machine(tmp_path)
    before = contents(host)
    with pytest.raises(UllError, match=words):
        converge(NicTuning([nic]), host, False)
    assert (contents(host), host.commands) == (before, [])


def test_the_connections_nic_is_spared_unless_it_is_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(interface, "_ssh_client", lambda: "10.0.0.1")
    host = machine(tmp_path)
    tree(tmp_path, {"/sys/class/net/bond0/lower_ens2/mtu": "1500"})
    host.connection = "bond0"
    with pytest.raises(UllError, match=r"ens2 carries the connection.*Remedy: take rings out.*nic_tuning_link: allow"):
        converge(NicTuning([{"pci": PCI, "rings": "max"}]), host, False)
    assert host.commands == []
    converge(NicTuning([{"pci": PCI, "coalescing": "none"}]), host, False)
    converge(NicTuning([{"pci": PCI, "rings": "max"}], link="allow"), host, False)
    assert not converge(NicTuning([{"pci": PCI, "rings": "max"}]), host, False).changed
    with pytest.raises(UllError, match="ens2 carries the connection"):
        converge(NicTuning([]), host, False)
    host.connection = "mgmt0"
    converge(NicTuning([]), host, False)
    assert host.driver["-g"][1] == {"rx": "256", "tx": "256"}


def test_a_nic_without_an_interface(tmp_path):
    host = machine(tmp_path)
    tree(tmp_path, {"/sys/bus/pci/devices/0000:82:00.0/class": "0x020000"})
    outcome = converge(NicTuning([{"pci": "0000:82:00.0", "driver": "vfio-pci", "rings": "max"}]), host, False)
    assert running(outcome) == {"rings": "not applicable"}
    assert "its driver is vfio-pci" in outcome.states[0].doc


def test_ethtool_is_missing(tmp_path, monkeypatch):
    host = machine(tmp_path)
    monkeypatch.setattr(host, "ask", lambda argv: "")
    with pytest.raises(UllError, match="ethtool is missing"):
        converge(NicTuning([WANTED]), host, False)


def test_killed_at_any_write_and_completed(tmp_path):
    for at in range(1, 99):
        host = machine(tmp_path / str(at))
        host.killed_at = at
        try:
            converge(NicTuning([WANTED]), host, False)
        except KilledError:
            host.killed_at = 0
            assert set(statuses(converge(NicTuning([WANTED]), host, False)).values()) == {"in_sync"}
            converge(NicTuning([]), host, False)
            assert host.driver["-g"][1] == {"rx": "256", "tx": "256"}
        else:
            return
    raise AssertionError("it never ended")


def test_the_boot_applies_it_under_a_new_name(tmp_path):
    host = machine(tmp_path / "a")
    converge(NicTuning([WANTED]), host, False)
    stored = NicTuning([WANTED])._store().persisted(host)
    booted = machine(tmp_path / "b", name="enp129s0")
    assert apply(NicTuning(**stored), booted, lambda words: None) == []
    assert booted.driver["-g"][1] == {"rx": "4096", "tx": "4096"}


def test_text_of_ethtool():
    assert ethtool.values_of("rx=1 tx=2") == {"rx": "1", "tx": "2"}
    assert ethtool.values_of("not applicable") == {}
    assert nic_tuning.KNOBS[0].word == "queues"
