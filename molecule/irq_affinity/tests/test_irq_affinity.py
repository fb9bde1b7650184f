"""Queues are where the plan wants them, whatever happens to the link; the isolated CPUs serve nothing that can move."""

import re
import time

import pytest

NIC = "/sys/bus/pci/devices/0000:81:00.0"
QUEUE_CPUS = [2, 0, 2, 0]
ISOLATED = {1, 3}


def actions(host):
    """What /proc/interrupts calls each interrupt; the last word is enough to tell queues."""
    lines = host.file("/proc/interrupts").content_string.splitlines()[1:]
    rows = (line.split() for line in lines)
    return {row[0].rstrip(":"): row[-1] for row in rows if row[0].rstrip(":").isdigit()}


def cpus(text):
    parts = (part.split("-") for part in text.split(","))
    return {cpu for part in parts for cpu in range(int(part[0]), int(part[-1]) + 1)}


def placed(host):
    """Queue by queue, the CPUs of its vectors."""
    named, found = actions(host), {}
    for irq in host.check_output("ls %s/msi_irqs", NIC).split():
        match = re.fullmatch(r"ens2-(?:rx|tx|TxRx)-(\d+)", named.get(irq, ""))
        if match:
            where = host.file(f"/proc/irq/{irq}/smp_affinity_list").content_string.strip()
            found.setdefault(int(match[1]), set()).add(where)
    return found


def wanted(queues):
    return {queue: {str(QUEUE_CPUS[queue % 4])} for queue in range(queues)}


def settle(host, queues):
    end = time.monotonic() + 15
    while placed(host) != wanted(queues) and time.monotonic() < end:
        time.sleep(0.5)
    return placed(host)


def test_queues_are_on_their_cpus(host):
    assert placed(host) == wanted(4)


def test_what_can_move_is_off_the_isolated_cpus(host):
    left = {}
    for irq in actions(host):
        where = cpus(host.file(f"/proc/irq/{irq}/smp_affinity_list").content_string.strip())
        # a list that is none: refused as such where the interrupt can move, not permitted where it cannot
        refused = host.run("echo ? > /proc/irq/%s/smp_affinity_list", irq).stderr
        if where & ISOLATED and "Invalid argument" in refused:
            left[irq] = where
    assert left == {}


def test_interrupts_to_come(host):
    assert host.file("/proc/irq/default_smp_affinity").content_string.strip() == "5"


def test_sending(host):
    masks = [host.file(f"/sys/class/net/ens2/queues/tx-{q}/xps_cpus").content_string.strip() for q in range(4)]
    assert [int(mask, 16) for mask in masks] == [1 << cpu for cpu in QUEUE_CPUS]


def test_irqbalance_was_told(host):
    pid = host.check_output("systemctl show -P MainPID irqbalance")
    assert "IRQBALANCE_BANNED_CPULIST=1,3" in host.file(f"/proc/{pid}/environ").content_string.split("\0")
    assert "--banmod=igb" in host.file(f"/proc/{pid}/cmdline").content_string.split("\0")


def test_other_queues_are_placed_by_the_service(host):
    host.check_output("ethtool -L ens2 combined 2")
    assert settle(host, 2) == wanted(2)
    host.check_output("ethtool -L ens2 combined 4")
    assert settle(host, 4) == wanted(4)


def test_a_link_that_went_down_is_placed_by_the_service(host):
    host.check_output("ip link set ens2 down && ethtool -L ens2 combined 2 && ethtool -L ens2 combined 4")
    host.check_output("ip link set ens2 up")
    assert settle(host, 4) == wanted(4)


@pytest.mark.parametrize("unit", ["ull-metal-irq_affinity", "ull-metal-irq_affinity-watch"])
def test_units(host, unit):
    assert host.service(unit).is_enabled


def test_irqbalance_leaves_it_so(host):
    time.sleep(25)  # it balances every ten seconds
    assert placed(host) == wanted(4)
