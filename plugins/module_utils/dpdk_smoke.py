# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A short run of testpmd on VFs bound to vfio-pci: whether driver, IOMMU, hugepages and VFs work together."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

from .cpuset import CpuSet
from .errors import UllError
from .host import Host
from .settings import vf_device, vf_row
from .settings.dpdk_files import FACT
from .settings.vf_device import DEVICES, VFIO

TESTPMD = "dpdk-testpmd"
# Own hugepage files, so that it meets no other application; memory for 16384 packets is some 40 MiB.
PREFIX, MBUFS = "ull-metal-smoke", 16384
# Seconds for start and end, under emulation some ten.
PATIENCE = 60

Run = Callable[["list[str]", int], "tuple[int, str]"]

_TOTAL = re.compile(r"\+ Accumulated forward statistics for all ports.*?RX-packets: (\d+).*?TX-packets: (\d+)", re.S)


def smoke_test(
    host: Host,
    devices: list[str],
    lcores: str,
    seconds: int,
    memory_mib: int,
    check_mode: bool = False,
    execute: Run | None = None,
) -> dict[str, Any]:
    """Send packets, and say how many went.

    Raises:
        UllError: there is no VF to send through, it is in use, testpmd fails, or no packets moved.
    """
    fact = json.loads(host.text(FACT) or "{}")
    chosen = devices or choose(host, fact.get("devices", []))
    for device in chosen:
        _refuse_unfit(host, device)
    argv = command(host, chosen, lcores or fact.get("lcores", ""), memory_mib)
    if check_mode:
        return {"changed": False, "devices": chosen, "command": argv, "sent": 0, "received": 0}
    code, said = (execute or _execute)(argv, seconds)
    received, sent = counts(said)
    if code or not sent or (len(chosen) > 1 and not received):
        raise UllError(
            f"testpmd ended with {code}, sent {sent} and received {received} packets: {said.strip()[-1500:]}",
            host=host.name,
            variable="dpdk_smoke_test",
            value=" ".join(argv),
            remedy="see whether hugepages are free on the NIC's node, the PF is up, and the log (dmesg) has IOMMU faults",
        )
    return {"changed": False, "devices": chosen, "command": argv, "sent": sent, "received": received}


def choose(host: Host, devices: list[str]) -> list[str]:
    """Two VFs of one NIC and VLAN, which can send to each other; else one; of those that vfio-pci has and nobody uses."""
    free = [one for one in devices if vf_device.driver(host, one) == VFIO and not vf_device.holders(host, one)]
    for place, first in enumerate(free):
        for second in free[place + 1 :]:
            mine, other = _vf(host, first), _vf(host, second)
            if mine and mine[0] == other[0] and mine[1].get("vlan") == other[1].get("vlan"):
                return [first, second]
    return free[:1]


def command(host: Host, devices: list[str], lcores: str, memory_mib: int) -> list[str]:
    """The command line of testpmd on these VFs."""
    node = max(0, int(host.read(f"{DEVICES}/{devices[0]}/numa_node") or 0)) if devices else 0
    if not devices:
        raise UllError(
            "there is no free VF that vfio-pci has",
            host=host.name,
            variable="dpdk_smoke_test_devices",
            remedy="apply the roles sriov and dpdk, and stop what uses the VFs",
        )
    cpus = CpuSet.parse(lcores)
    if len(cpus) < 2:
        near = sorted(CpuSet.parse(host.read(f"/sys/devices/system/node/node{node}/cpulist") or "0-1"))
        cpus = CpuSet(near[-2:])
    memory = ",".join(str(memory_mib if one == node else 0) for one in range(node + 1))
    eal = ["-l", str(cpus), *(word for one in devices for word in ("-a", one))]
    eal += ["--file-prefix", PREFIX, "--huge-unlink", "--socket-mem", memory, "--no-telemetry"]
    if len(devices) == 1:
        return [TESTPMD, *eal, "--", "--forward-mode=txonly", f"--total-num-mbufs={MBUFS}"]
    macs = [_vf(host, one)[1].get("mac", "") for one in devices]
    peers = [f"--eth-peer={port},{macs[1 - port]}" for port in (0, 1)]
    return [TESTPMD, *eal, "--", "--forward-mode=mac", "--tx-first", *peers, f"--total-num-mbufs={MBUFS}"]


def counts(said: str) -> tuple[int, int]:
    """Packets received and sent on all ports, of testpmd's last words."""
    match = _TOTAL.search(said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _refuse_unfit(host: Host, device: str) -> None:
    bound, held = vf_device.driver(host, device), vf_device.holders(host, device)
    if bound != VFIO or held:
        raise UllError(
            f"it is open in {', '.join(held)}" if held else f"its driver is {bound}",
            host=host.name,
            variable="dpdk_smoke_test_devices",
            value=device,
            remedy="stop what uses it" if held else "apply the role dpdk, or name a VF that vfio-pci has",
        )


def _vf(host: Host, device: str) -> tuple[str, dict[str, str]]:
    """A VF's PF, and its attributes there."""
    pf = host.link(f"{DEVICES}/{device}/physfn") or ""
    numbers = vf_device.vf_numbers(host, pf)
    index = next((one for one in numbers if vf_device.vf_address(host, pf, one) == device), -1)
    said = json.loads(host.ask(["ip", "-j", "-d", "link", "show", "dev", vf_device.netdev(host, pf)]) or "[]")
    found = [vf for link in said for vf in link.get("vfinfo_list", []) if vf.get("vf") == index]
    return pf, vf_row.reported(found[0]) if found else {}


def _execute(argv: list[str], seconds: int) -> tuple[int, str]:
    """Run it; it forwards until its input has a line, and ends by itself then."""
    try:
        # pylint: disable-next=ansible-bad-function
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as missing:
        raise UllError(str(missing), variable=argv[0], remedy="install the packages of dpdk_packages") from missing
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    try:
        said, _none = process.communicate("\n", timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _none = process.communicate()
    return process.returncode, said
