# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import errno

import pytest
from fake_tree import Link, tree
from machines import FakeHost, KilledError, contents

from ansible_collections.ull.metal.plugins.module_utils.agent.boot import apply
from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import interrupts, irqbalance
from ansible_collections.ull.metal.plugins.module_utils.settings.irq_affinity import DOWN, IrqAffinity

PCI = "0000:81:00.0"
NIC = {"pci": PCI, "name": "ens2", "queue_cpus": [2, 0]}
DECLARED = {"default_cpus": "0,2", "banned": "1,3", "nics": [NIC]}
# what an igb with separate vectors, a managed block device and others look like
TABLE = """\
           CPU0       CPU1       CPU2       CPU3
  0:        109          0          0          0  IR-IO-APIC   2-edge      timer
 16:          0          0          0          0  IR-IO-APIC  16-fasteoi   i801_smbus, ehci_hcd:usb1
 24:          0          0          0          0  DMAR-MSI   0-edge      dmar0
 31:          0        441          0          0  IR-PCI-MSIX-0000:00:03.0   4-edge      virtio0-req.3
 37:          0          0          0          0  IR-PCI-MSIX-0000:81:00.0   0-edge      ens2
NMI:          0          0          0          0   Non-maskable interrupts
"""
QUEUES = """\
 38:          0          0          0          0  IR-PCI-MSIX-0000:81:00.0   1-edge      ens2-rx-0
 39:          0          0          0          0  IR-PCI-MSIX-0000:81:00.0   2-edge      ens2-rx-1
 40:          0          0          0          0  IR-PCI-MSIX-0000:81:00.0   3-edge      ens2-tx-0
 41:          0          0          0          0  IR-PCI-MSIX-0000:81:00.0   4-edge      ens2-tx-1
"""
BEFORE = {0: "0-3", 16: "0-3", 24: "2", 31: "1", 37: "2-3", 38: "2-3", 39: "2-3", 40: "2-3", 41: "2-3"}


class IrqHost(FakeHost):
    """A machine whose kernel places some interrupts itself."""

    def __init__(self, root) -> None:
        super().__init__(root)
        self.managed = {0, 31}
        self.irqbalance = False

    def obey(self, argv) -> None:
        assert argv[0] == "systemctl"
        if argv[1:] == ["restart", irqbalance.UNIT]:
            self.start()

    def start(self) -> None:
        """irqbalance reads what its unit says."""
        self.irqbalance = True
        drop_in, lines = self.exists(irqbalance.DROP_IN), self.text(irqbalance.ENVIRONMENT).splitlines()
        values = dict(line.split("=", 1) for line in lines if "=" in line) if drop_in else {}
        arguments = values.pop("IRQBALANCE_ARGS", "").strip('"').split()
        words = "".join(f"{name}={value}\0" for name, value in values.items())
        tree(self.root, {"/proc/77/environ": words, "/proc/77/cmdline": "\0".join(["irqbalance", *arguments, ""])})

    def ask(self, argv) -> str:
        if argv[:2] == ["systemctl", "show"] and "--property=MainPID" in argv:
            return "77\n" if self.irqbalance else "0\n"
        if argv[:2] == ["systemctl", "show"]:
            word = {True: "enabled", False: "disabled"}[self.irqbalance]
            return f"UnitFileState={word}\nActiveState={'active' if self.irqbalance else 'inactive'}\n"
        return ""

    def probe(self, path) -> int:
        return errno.EPERM if self._number(path) in self.managed else errno.EINVAL

    def poke(self, path, value) -> None:
        if path.startswith("/proc/irq/") and self._number(path) in self.managed:
            raise UllError("refused", variable=path) from OSError(errno.EPERM, "no")
        super().poke(path, value)

    @staticmethod
    def _number(path) -> int:
        word = path.split("/")[3]
        return int(word) if word.isdigit() else -1

    def affinity(self) -> dict[int, str]:
        return {irq: self.read(f"/proc/irq/{irq}/smp_affinity_list") for irq in BEFORE}


def machine(root, up=True) -> IrqHost:
    queues = [
        f"{side}-{queue}/{side_file}"
        for side, side_file in (("tx", "xps_cpus"), ("rx", "rps_cpus"))
        for queue in (0, 1)
    ]
    tree(
        root,
        {
            "/proc/interrupts": (TABLE + (QUEUES if up else "")).rstrip("\n"),
            "/proc/irq/default_smp_affinity": "f",
            **{f"/proc/irq/{irq}/smp_affinity_list": cpus for irq, cpus in BEFORE.items()},
            "/sys/devices/system/cpu/online": "0-3",
            "/sys/class/net/ens2/device": Link(f"../../../{PCI}"),
            **{f"/sys/class/net/ens2/queues/{queue}": "0" for queue in queues},
            f"/sys/bus/pci/devices/{PCI}/net/ens2/ifindex": "3",
            f"/sys/bus/pci/devices/{PCI}/local_cpulist": "2-3",
            f"/sys/bus/pci/devices/{PCI}/driver": Link("../../drivers/igb"),
            "/sys/bus/pci/drivers/igb/module": Link("../../../../module/igb"),
            **{f"/sys/bus/pci/devices/{PCI}/msi_irqs/{irq}": "msix" for irq in range(37, 42)},
        },
    )
    return IrqHost(root)


def running(outcome) -> dict[str, str]:
    return {state.name.rsplit(".", 1)[1]: state.running for state in outcome.states}


def in_sync(outcome) -> bool:
    return {state.status for state in outcome.states} == {"in_sync"}


def test_from_the_first_run_to_the_undo(tmp_path):
    host = machine(tmp_path)
    before = contents(host)
    predicted = converge(IrqAffinity(**DECLARED), host, True)
    assert contents(host) == before
    made = converge(IrqAffinity(**DECLARED), host, False)
    assert in_sync(made)
    assert ([s.running for s in predicted.states], predicted.changes) == (
        [s.running for s in made.states],
        made.changes,
    )
    assert running(made) == {"default": "0,2", "queues": "0:2 1:0", "xps": "0:2 1:0", "rps": "none", "others": "none"}
    assert host.affinity() == {
        0: "0-3", 16: "0,2", 24: "2", 31: "1", 37: "2", 38: "2", 39: "0", 40: "2", 41: "0",
    }  # fmt: skip
    assert not converge(IrqAffinity(**DECLARED), host, False).changed
    assert converge(IrqAffinity(), host, False).changed
    after = {name: text.strip() for name, text in contents(host).items()}
    assert after == {name: text.strip() for name, text in before.items()}
    assert not converge(IrqAffinity(), host, False).changed


def test_managed_queues_are_the_kernels_and_no_difference(tmp_path):
    host = machine(tmp_path)
    host.managed |= {38, 39, 40, 41}
    outcome = converge(IrqAffinity(**DECLARED), host, False)
    assert in_sync(outcome)
    assert "4 of them placed by the kernel alone" in next(s.doc for s in outcome.states if s.name.endswith("queues"))
    assert host.affinity()[38] == "2-3"


def test_another_refusal_is_an_error(tmp_path, monkeypatch):
    host = machine(tmp_path)

    def full(path, value):
        if "/40/" in path:
            raise UllError("no space", variable=path) from OSError(errno.ENOSPC, "no")
        FakeHost.poke(host, path, value)

    monkeypatch.setattr(host, "poke", full)
    with pytest.raises(UllError, match="no space"):
        converge(IrqAffinity(**DECLARED), host, False)


def test_an_interface_that_is_down_is_placed_when_it_comes_up(tmp_path):
    host = machine(tmp_path, up=False)
    outcome = converge(IrqAffinity(**DECLARED), host, False)
    assert running(outcome)["queues"] == DOWN
    assert in_sync(outcome)
    host.path("/proc/interrupts").write_text(TABLE + QUEUES)
    stored = IrqAffinity(**DECLARED)._store().persisted(host)
    assert apply(IrqAffinity(**stored), host, lambda words: None) == []
    assert host.affinity()[39] == "0"
    assert not converge(IrqAffinity(**DECLARED), host, False).changed
    converge(IrqAffinity(), host, False)
    assert host.affinity()[39] == "2-3", "not where the kernel puts it"


def test_other_interrupt_numbers_are_the_same_queues(tmp_path):
    host = machine(tmp_path)
    converge(IrqAffinity(**DECLARED), host, False)
    host.path("/proc/interrupts").write_text((TABLE + QUEUES).replace(" 38:", " 90:"))
    tree(tmp_path, {"/proc/irq/90/smp_affinity_list": "0-3", f"/sys/bus/pci/devices/{PCI}/msi_irqs/90": "msix"})
    assert apply(IrqAffinity(**DECLARED), host, lambda words: None) == []
    assert host.read("/proc/irq/90/smp_affinity_list") == "2"


def test_irqbalance_is_told_and_returns(tmp_path):
    host = machine(tmp_path)
    tree(
        tmp_path,
        {
            "/usr/lib/systemd/system/irqbalance.service": "",
            "/etc/default/irqbalance": '#OPTIONS=\nIRQBALANCE_ARGS="--hintpolicy=exact"',
        },
    )
    host.start()
    before = contents(host)
    outcome = converge(IrqAffinity(**DECLARED), host, False)
    assert running(outcome)["irqbalance"] == "cpus=1,3 drivers=igb"
    assert in_sync(outcome)
    assert 'IRQBALANCE_ARGS="--hintpolicy=exact --banmod=igb"' in host.text(irqbalance.ENVIRONMENT)
    assert not converge(IrqAffinity(**DECLARED), host, False).changed
    converge(IrqAffinity(), host, False)
    assert contents(host).keys() == before.keys()
    assert "banmod" not in host.text("/proc/77/cmdline")


def test_irqbalance_is_stopped_and_returns(tmp_path):
    host = machine(tmp_path)
    tree(tmp_path, {"/usr/lib/systemd/system/irqbalance.service": ""})
    host.start()
    obey = host.obey

    def switching(argv):
        obey(argv)
        if argv[1] in ("stop", "disable", "start", "enable") and argv[2] == irqbalance.UNIT:
            host.irqbalance = argv[1] in ("start", "enable")

    host.obey = switching
    converge(IrqAffinity(**DECLARED, irqbalance="stop"), host, False)
    assert not host.irqbalance
    assert not host.exists(irqbalance.DROP_IN)
    converge(IrqAffinity(), host, False)
    assert host.irqbalance


def test_packets_are_handed_over_only_when_asked(tmp_path):
    host = machine(tmp_path)
    converge(IrqAffinity(**DECLARED, rps="0,2"), host, False)
    assert host.read("/sys/class/net/ens2/queues/rx-1/rps_cpus") == "5"
    tree(tmp_path, {"/sys/class/net/ens2/queues/tx-0/xps_cpus": "f"})
    converge(IrqAffinity(**DECLARED, rps="keep", xps="keep"), host, False)
    assert host.read("/sys/class/net/ens2/queues/tx-0/xps_cpus") == "0", "not returned"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"banned": "1,9"}, r"irq_affinity_banned = '1,9'.*CPUs 9 are not online.*Remedy: use CPUs of 0-3"),
        ({"default_cpus": "0-1", "banned": "1"}, r"default_cpus.*CPUs 1 are to serve no.*Remedy: use CPUs of 0,2-3"),
        ({"nics": [{**NIC, "queue_cpus": [7]}]}, r"nics\[0\].queue_cpus.*CPUs 7 are not online"),
        ({"nics": [{**NIC, "pci": "0000:01:00.0"}]}, r"0000:01:00.0.*no such NIC.*Remedy: plan again"),
        ({"banned": "x"}, r"irq_affinity_banned = 'x'.*not a CPU list"),
        ({"nics": [NIC], "rps": "some"}, r"irq_affinity_rps = 'some'.*not a CPU list"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(tmp_path, declared, words):
    host = machine(tmp_path)
    before = contents(host)
    with pytest.raises(UllError, match=words):
        converge(IrqAffinity(**declared), host, False)
    assert contents(host) == before


def test_killed_at_any_write_and_completed(tmp_path):
    for at in range(1, 99):
        host = machine(tmp_path / str(at))
        host.killed_at = at
        try:
            converge(IrqAffinity(**DECLARED), host, False)
        except KilledError:
            host.killed_at = 0
            assert in_sync(converge(IrqAffinity(**DECLARED), host, False))
        else:
            return
    raise AssertionError("it never ended")


def test_nothing_isolated_and_no_nic_is_the_kernels_own_business(tmp_path):
    outcome = converge(IrqAffinity(default_cpus="0-3"), machine(tmp_path), False)
    assert (outcome.changed, outcome.states) == (False, [])


@pytest.mark.parametrize(
    ("action", "name", "queue"),
    [
        ("ens2-TxRx-3", "ens2", 3),
        ("ens2-rx-0", "ens2", 0),
        ("ens2-tx-1", "ens2", 1),
        ("ens2", "ens2", None),
        ("i40e-ens1f0-TxRx-11", "ens1f0", 11),
        ("i40e-0000:81:00.0:fdir-TxRx-0", "ens1f0", None),
        ("i40e-0000:81:00.0:misc", "ens1f0", None),
        ("ice-ens1f0-TxRx-0", "ens1f0", 0),
        ("ice-0000:17:00.0:misc", "ens1f0", None),
        ("mlx5_comp5@pci:0000:3b:00.0", "ens3", 5),
        ("mlx5_async0@pci:0000:3b:00.0", "ens3", None),
        ("eth0-Tx-Rx-2", "eth0", 2),
        ("ena-mgmnt@pci:0000:00:05.0", "eth0", None),
        ("virtio0-input.1", "eth0", 1),
        ("virtio0-output.1", "eth0", 1),
        ("virtio0-config", "eth0", None),
        ("eth0-fp-4", "eth0", 4),
        ("eth0-6", "eth0", 6),
        ("mana_q3@pci:7870:00:00.0", "eth0", 3),
    ],
)
def test_how_drivers_name_their_queues(action, name, queue):
    assert interrupts.queue_of(action, name) == queue


def test_the_table_of_another_architecture(tmp_path):
    table = """\
           CPU0       CPU1
 11:       9212      10101     GICv3  27 Level     arch_timer
 44:          0          0   ITS-MSI 524289 Edge      eth0-Tx-Rx-0
IPI0:      1000       1000       Rescheduling interrupts"""
    tree(tmp_path, {"/proc/interrupts": table, **{f"/proc/irq/{irq}/smp_affinity_list": "0" for irq in (11, 44)}})
    found = interrupts.requested(IrqHost(tmp_path))
    assert [(irq.number, irq.action) for irq in found] == [(11, "arch_timer"), (44, "eth0-Tx-Rx-0")]
    assert found[0].cpus(IrqHost(tmp_path)) == CpuSet([0])
