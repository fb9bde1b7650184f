# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an undone host is compared by with a fresh one: kernel arguments, sysctls, its NICs. Runs on the host.

Prints one line a value, ``name = value``.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

# Counters, identities and what the kernel makes of the memory that is free at boot; none of them is a setting.
VOLATILE = re.compile(
    r"kernel\.random\.|kernel\.ns_last_pid|kernel\.pty\.nr|kernel\.tainted|fs\.(dentry-state|inode-|file-nr|aio-nr)"
    r"|net\.netfilter\.nf_conntrack_count|kernel\.perf_event_max_sample_rate|kernel\.perf_cpu_time_max_percent"
    r"|net\.ipv[46]\.(neigh|conf|route)\.[^.]*\.?(gc_stats|nf_)|fs\.quota\.syncs|fs\.binfmt_misc\.status"
)
# In pages or tasks, out of the memory at boot: equal within a hundredth.
OF_MEMORY = re.compile(
    r"fs\.file-max|fs\.epoll\.max_user_watches|fs\.inotify\.max_user_watches|kernel\.threads-max|user\.max_"
    r"|net\.ipv4\.(tcp_mem|udp_mem|tcp_max_orphans|tcp_max_tw_buckets)|vm\.(min_free_kbytes|user_reserve_kbytes|admin_reserve)"
    r"|kernel\.(shmall|pid_max)|net\.ipv4\.ipfrag|net\.netfilter\.nf_conntrack_(max|buckets)|vm\.lowmem_reserve"
)
KEPT = ("mtu", "tx_queue_len", "flags", "gro_flush_timeout", "napi_defer_hard_irqs", "threaded", "address")
PCI = ("sriov_numvfs", "sriov_drivers_autoprobe", "driver_override")


def read(path: Path | str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        return f"({error.strerror})"


def said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def files(paths: Iterable[Path]) -> None:
    for path in sorted(paths):
        if path.is_file():
            print(f"{path} = {read(path)}")


def sysctls() -> None:
    for line in sorted(said("sysctl", "-a").splitlines()):
        name, _equals, value = line.partition(" = ")
        if not VOLATILE.search(name):
            print(f"sysctl {name} ~ {value.split()[0][:2]}" if OF_MEMORY.search(name) else f"sysctl {line}")


def nics() -> None:
    for folder in sorted(Path("/sys/class/net").iterdir()):
        files(folder / file for file in KEPT)
        files(folder.glob("queues/*/[rx]ps_*"))
        for option in "gclka":
            for line in said("ethtool", f"-{option}", folder.name).splitlines():
                print(f"{folder.name} ethtool -{option}: {line.strip()}")
    for folder in sorted(Path("/sys/bus/pci/devices").iterdir()):
        files(folder / file for file in PCI)
        driver = folder / "driver"
        print(f"{driver} -> {driver.resolve().name if driver.exists() else None}")


def main() -> None:
    print(f"cmdline = {read('/proc/cmdline')}")
    print(f"irq default = {read('/proc/irq/default_smp_affinity')}")
    files([*Path("/sys/kernel/mm/transparent_hugepage").iterdir(), Path("/sys/kernel/mm/ksm/run")])
    files(Path("/sys/devices/virtual/workqueue").rglob("cpumask"))
    files(Path("/sys/devices/system/cpu").glob("cpu*/power/pm_qos_resume_latency_us"))
    files(Path("/sys/devices/system/node").glob("node*/hugepages/*/nr_hugepages"))
    sysctls()
    nics()


main()
