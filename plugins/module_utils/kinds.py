# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every kind of finding: how serious it is, why it matters, what to do. docs/findings.md is made from this."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, NOTE, ACCEPTED = "error", "warning", "note", "accepted"
LEVELS = (ERROR, WARNING, NOTE, ACCEPTED)


@dataclass(frozen=True)
class Kind:
    """A kind of finding.

    Args:
        level: how serious it is.
        why: why it matters.
        remedy: what to do in general; a finding itself says it with its values.
        acceptable: whether an owner may accept it. What a host would refuse, or must not run with, cannot be accepted.
    """

    level: str
    why: str
    remedy: str = ""
    acceptable: bool = True


def _never(why: str, remedy: str) -> Kind:
    return Kind(ERROR, why, remedy, acceptable=False)


def _error(why: str, remedy: str) -> Kind:
    return Kind(ERROR, why, remedy)


def _warning(why: str, remedy: str) -> Kind:
    return Kind(WARNING, why, remedy)


def _note(why: str, remedy: str) -> Kind:
    return Kind(NOTE, why, remedy)


DECLARATION = {
    "profile-unknown-key": _never(
        "A misspelt key would be silently without effect.", "Use the word that is proposed, or one of docs/profile.md."
    ),
    "profile-missing": _never(
        "A host must not be tuned by defaults that nobody chose for it.",
        "Put it into a workload class's group, give it ull_profile, or leave it out with ull_hosts.",
    ),
    "profile-bad-value": _never(
        "The value is not one that the profile language knows.", "Use one of the examples in docs/profile.md."
    ),
    "budget-not-isolated": _warning(
        "Without isolated CPUs the scheduler and interrupts disturb for tens of microseconds, more than the budget.",
        "Isolate CPUs, or declare a budget that a shared CPU can keep.",
    ),
    "acceptance-invalid": _never(
        "An acceptance without a known id, a reason and an end would hide more than somebody has answered for.",
        "Give id, reason and until, e.g. {id: nic-no-link, reason: cabling on Monday, until: 2027-01-31}.",
    ),
    "acceptance-refused": _never(
        "The host itself refuses to be tuned like that, or would be harmed: nobody can accept it.",
        "Remove what the finding is about, and the acceptance.",
    ),
    "acceptance-expired": _warning(
        "What was accepted for a time is to be decided again.", "Remove the cause, or accept it anew with a later date."
    ),
}

CPUS = {
    "cpu-missing": _never(
        "The CPU is not there or is offline; the kernel would ignore it or refuse the list.",
        "Name CPUs that are online.",
    ),
    "cpu-0-isolated": _never(
        "The boot CPU keeps time and takes what cannot be moved; the kernel does not make it tickless, and a critical "
        "thread on it is disturbed.",
        "Move the layout by a core; the finding names the nearest one that can be had.",
    ),
    "all-isolated": _never(
        "The kernel refuses to isolate every CPU; something must run everything else.", "Leave CPUs to housekeeping."
    ),
    "nothing-isolated": _error(
        "The profile asks for isolated CPUs, but housekeeping takes all there are.",
        "Leave less to housekeeping, or say `isolated: none`.",
    ),
    "smt-split": _never(
        "The sibling thread shares the core's units: what runs there is felt on the isolated one.",
        "Isolate whole cores; `smt: idle siblings` leaves their second threads without work.",
    ),
    "node-without-housekeeping": _warning(
        "Kernel threads and interrupts of the node are served from another node, over the interconnect.",
        "Keep a core of each node: `housekeeping: 1 core per node`.",
    ),
    "tickless-not-isolated": _never(
        "Without isolation the scheduler puts a second task there and the tick comes back.", "Isolate these CPUs too."
    ),
    "cpu-overlap": _never("A CPU cannot be both housekeeping and isolated.", "Take it out of one of them."),
    "cpu-unassigned": _note(
        "CPUs that are neither housekeeping nor isolated are treated as housekeeping.",
        "Nothing, or name them in one of the two.",
    ),
    "critical-not-isolated": _error(
        "The critical path would share its CPUs with the system.", "Isolate them, or choose from the isolated ones."
    ),
    "critical-short": _error(
        "There are fewer isolated CPUs at that place than the critical path asks for.",
        "Isolate more, or ask for fewer.",
    ),
    "critical-shares-l3": _note(
        "What housekeeping does evicts the critical path's lines from the L3 cache they share.",
        "Choose critical CPUs of an L3 group without housekeeping.",
    ),
    "cpu-two-roles": _error(
        "Two pieces of the plan would each believe the CPU to be theirs alone.", "Take it out of one of them."
    ),
    "housekeeping-starved": _warning(
        "Kernel threads, interrupts and services of many isolated CPUs queue up on few; a stalled RCU thread is felt "
        "everywhere.",
        "Keep one housekeeping CPU for at most 32 isolated ones.",
    ),
    "cpu-kinds-mixed": _warning(
        "Fast and slow cores take different times for the same work; latency then depends on which one a thread got.",
        "Isolate one kind of core only.",
    ),
    "cpu-offline": _note(
        "Offline CPUs are in no part of the plan; when they come online they join housekeeping.",
        "Bring them online before planning, or leave them.",
    ),
    "isolation-kernel-old": _error(
        "Kernels before 5.6 do not know isolcpus=managed_irq and then ignore the whole argument.",
        "Install a newer kernel.",
    ),
    "kernel-not-rt": _warning(
        "The profile wants a PREEMPT_RT kernel and the machine runs another.", "Install and boot a PREEMPT_RT kernel."
    ),
    "kernel-is-rt": _warning(
        "The profile wants a kernel without PREEMPT_RT, which costs throughput, and the machine runs one with it.",
        "Boot the generic kernel.",
    ),
    "boot-arg-twice": _never(
        "Of two values for one kernel argument only one counts, or they are mixed.",
        "Say it in the profile's words only.",
    ),
    "boot-arg-offlines-cpus": _warning(
        "The next boot takes CPUs away from which this plan was made; the plan after it is another, and a second reboot "
        "follows.",
        "Use `smt: idle siblings` instead of nosmt, or plan again after the reboot.",
    ),
}

MEMORY = {
    "hugepages-exceed-node": _never(
        "The kernel grants what fits and says nothing; the application then fails to start.", "Ask for less."
    ),
    "hugepages-crowd-node": _warning(
        "What is left of the node's memory has to hold the kernel and all other processes.", "Leave 1 GiB at least."
    ),
    "hugepages-size-missing": _never("The CPU or its kernel has no pages of that size.", "Use a size it has."),
    "hugepages-node-missing": _never(
        "The machine has no such NUMA node, or it has no memory.", "Use a node with memory."
    ),
    "hugepages-kernel-old": _never(
        "Kernels before 5.16 do not know hugepages= per node and would ignore it.", "Use 2M pages or a newer kernel."
    ),
    "hugepages-on-gpu": _error(
        "The node is a GPU's memory: pages there are far from every CPU, and lost to the GPU.", "Use another node."
    ),
    "node-without-memory": _warning(
        "Every access of the node's CPUs goes to another node's memory.",
        "Populate the node's memory slots, or isolate CPUs of other nodes.",
    ),
    "memory-exceeds-node": _error(
        "Hugepages, reserved memory and stores together are more than the node has.", "Ask for less of one of them."
    ),
}

NICS = {
    "nic-not-found": _error("What is to be placed beside the NIC has no place.", "Name a NIC that the machine has."),
    "nic-two-names": _error(
        "Two entries of nics mean the same NIC; what one sets the other undoes.", "Make the selectors narrower."
    ),
    "nic-node-unknown": _warning(
        "The firmware does not say on which node the NIC is; the first node is assumed.", "Say `where: node N`."
    ),
    "nic-node-without-isolated": _warning(
        "Packets cross the interconnect on their way to the CPUs that wait for them.",
        "Isolate CPUs of the NIC's node, or use a NIC on theirs.",
    ),
    "nic-critical-elsewhere": _warning(
        "The critical path is on another node than every NIC of the profile.", "Say `critical: 4 cores near nic`."
    ),
    "nic-no-link": _note(
        "There is no link, or the interface is down; its settings are planned all the same.",
        "Check interface, cable and switch port.",
    ),
    "nic-mtu-too-large": _error(
        "The NIC refuses an MTU above its greatest.", "Use at most what the NIC can, or another NIC."
    ),
    "vf-mtu-above-pf": _error(
        "Frames larger than the NIC's own MTU are dropped on their way to a VF.",
        "Raise the NIC's mtu, or lower the VFs'.",
    ),
    "vfs-exceed-nic": _error("The NIC has fewer virtual functions.", "Ask for at most that many."),
    "nic-without-sriov": _error(
        "The NIC cannot have virtual functions, or its firmware or the BIOS has SR-IOV switched off.",
        "Switch SR-IOV on in firmware and BIOS, or use another NIC.",
    ),
    "vfs-recreated": _warning(
        "The number of VFs goes through 0: those that exist are destroyed, with what runs on them.",
        "Drain the host before tuning it.",
    ),
    "vf-mac-twice": _error(
        "Two VFs with one MAC address: the switch delivers to either.", "Set the groups' mac apart."
    ),
    "vf-mac-on-two-hosts": _warning(
        "Two hosts in one network with one MAC address: the switch delivers to either.",
        "Leave `mac` out of what several hosts share; each host then derives its own.",
    ),
    "iommu-missing": _error(
        "VFs are to be bound to vfio-pci, the kernel was booted with the IOMMU on, and the NIC has no IOMMU group.",
        "Switch VT-d, AMD-Vi or the SMMU on in the BIOS.",
    ),
    "iommu-after-boot": _note(
        "The NIC has no IOMMU group yet; the plan's kernel arguments switch the IOMMU on.", "Reboot, as the plan says."
    ),
    "irqs-off-node": _warning(
        "No housekeeping CPU is on the NIC's node: its interrupts are served over the interconnect.",
        "Keep a core of that node: `housekeeping: 1 core per node`.",
    ),
    "irqs-on-critical": _warning(
        "Interrupts of the NIC preempt the critical path.",
        "Use housekeeping CPUs, or isolated ones that are not critical.",
    ),
    "irqs-nowhere": _error("No CPU is left to serve the NIC's interrupts.", "Name CPUs that are online."),
    "irq-vectors-short": _warning(
        "An x86 CPU has some 200 vectors for devices; interrupts of NICs beyond that cannot move there and stay on "
        "isolated CPUs.",
        "Fewer queues, or more housekeeping CPUs.",
    ),
}

APPLICATIONS = {
    "dpdk-lcores-short": _error(
        "There are fewer free isolated CPUs at that place than lcores are asked for.", "Isolate more, or ask for fewer."
    ),
    "dpdk-not-isolated": _error("A polling thread shares its CPU with the system.", "Choose from the isolated CPUs."),
    "dpdk-without-lcores": _warning(
        "VFs are for DPDK, but no CPU polls them.", "Say e.g. `dpdk: {lcores: 2 cores near nic}`."
    ),
    "dpdk-memory-short": _error(
        "DPDK takes its memory out of hugepages, and the plan has fewer on that node.", "Declare them under hugepages."
    ),
    "dpdk-far-from-nic": _warning(
        "Lcores on a node without a NIC of the profile poll over the interconnect.", "Say `lcores: 2 cores near nic`."
    ),
    "kubelet-nothing-allocatable": _error(
        "Every CPU is reserved for the system; no pod could get one.", "Isolate CPUs, or leave less to housekeeping."
    ),
    "kubelet-reserved-small": _error(
        "The kubelet refuses to start when the memory reserved per node does not cover its eviction threshold.",
        "Reserve more with reserved_memory.",
    ),
    "kubelet-too-old": _error(
        "That version of the kubelet does not know an option of the plan, and refuses to start.",
        "Use a newer version, or switch the option off.",
    ),
    "kubelet-alignment-lost": _warning(
        "The topology manager aligns what the CPU manager and the memory manager hand out; with policy none they hand "
        "out nothing.",
        "Say `cpu_manager: static`.",
    ),
    "store-node-missing": _error(
        "The machine has no such NUMA node, or it has no memory or CPUs.", "Use another node."
    ),
    "store-without-cpus": _error(
        "All CPUs of the store's node are isolated; a data store needs the scheduler.",
        "Isolate fewer, or use another node.",
    ),
    "sysctl-overrides-plan": _note("The profile sets another value than the plan would.", "Nothing, if it is meant."),
}

MACHINE = {
    "container-target": _never(
        "A container shares its host's kernel; kernel settings belong to that host.", "Put its host into the inventory."
    ),
    "boot-loader-unsupported": _never(
        "Nothing can be put on the kernel's command line.", "Use a supported boot loader, see docs/design.md."
    ),
    "topology-doubt": _warning(
        "The kernel's tables contradict each other; the plan follows one of them.",
        "Update the firmware, or check the plan's nodes against the machine's manual.",
    ),
    "topology-changed": _note(
        "The machine is not the one of its stored snapshot: a part was replaced, or the snapshot is old.",
        "Look at the differences, then store it anew: ansible-playbook ull.metal.topology.",
    ),
    "topology-stored": _note(
        "The plan was made from a stored snapshot; the machine may have changed since.", "Plan again when it answers."
    ),
    "host-unreachable": _never(
        "A host that does not answer can be neither read nor tuned.",
        "Start it, correct its address, or --limit it out.",
    ),
    "topology-unreadable": _never(
        "The host answers, but reading its topology failed.",
        "See the message; mostly Python or privileges are missing.",
    ),
    "settings-unreadable": _never(
        "What would change on the host is unknown.", "See the message; mostly Python or privileges are missing."
    ),
    "topology-missing": _never(
        "The host does not answer and no snapshot is stored; nothing can be planned.",
        "Gather it while it answers: ansible-playbook ull.metal.topology.",
    ),
    "plan-inconsistent": _never(
        "Two pieces of the plan disagree. This is a fault of the collection and not of yours.",
        "Report it with the topology and the profile.",
    ),
}

GROUPS = {
    "The declaration": DECLARATION,
    "CPUs and the kernel": CPUS,
    "Memory": MEMORY,
    "NICs": NICS,
    "DPDK, Kubernetes and data stores": APPLICATIONS,
    "The machine": MACHINE,
}
KINDS: dict[str, Kind] = {name: kind for group in GROUPS.values() for name, kind in group.items()}
