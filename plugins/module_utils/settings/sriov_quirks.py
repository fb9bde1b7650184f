# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What drivers of PFs do differently. A driver that is not here is treated like the kernel's documentation says.

Sources: the drivers in Linux 6.12 (drivers/net/ethernet/...), each named in its row.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quirk:
    """A PF driver.

    Args:
        sriov: whether it has SR-IOV at all.
        why_not: what to do where it has not.
        reload: whether a bound VF driver must be bound anew to see another MAC address.
        rate_needs_link: whether a transmit rate is refused while the PF has no link.
        eswitch: whether it has an embedded switch, which must be in legacy mode for `ip link set vf`.
        source: where that is to be seen.
    """

    sriov: bool = True
    why_not: str = ""
    reload: bool = True
    rate_needs_link: bool = False
    eswitch: bool = False
    source: str = "Documentation/PCI/pci-iov-howto.rst"


UNKNOWN = Quirk()

QUIRKS: dict[str, Quirk] = {
    # "Reload the VF driver to make this change effective"; igb_ndo_set_vf_bw() refuses rates without link, has them on
    # the 82576 only, and there is no ndo_set_vf_link_state, so that `ip link set vf state` fails: it is never used.
    "igb": Quirk(rate_needs_link=True, source="intel/igb/igb_main.c"),
    # ixgbe_ndo_set_vf_bw(): "if (!adapter->link_up) return -EINVAL"
    "ixgbe": Quirk(rate_needs_link=True, source="intel/ixgbe/ixgbe_sriov.c"),
    # The PF resets the VF on another MAC or VLAN, and iavf takes it over; right after their creation, and during a
    # reset, VFs answer EAGAIN. A VF gets promiscuous mode only with trust on.
    "i40e": Quirk(reload=False, source="intel/i40e/i40e_virtchnl_pf.c, i40e_validate_vf()"),
    # As i40e, with EBUSY; since Linux 5.13 it has an embedded switch.
    "ice": Quirk(reload=False, eswitch=True, source="intel/ice/ice_vf_lib.c, ice_check_vf_ready_for_cfg()"),
    # A VF reads its address, and the node GUID that is made of it, when its driver starts: set before bind, else rebind.
    # In switchdev mode the attributes belong to the representors.
    "mlx5_core": Quirk(eswitch=True, source="mellanox/mlx5/core/esw/legacy.c"),
    # An Elastic Network Adapter is a VF of the hypervisor's NIC already.
    "ena": Quirk(
        sriov=False,
        why_not="an ENA is a virtual function itself: attach further network interfaces to the instance",
        source="amazon/ena/ena_netdev.c, which has no sriov_configure",
    ),
    "virtio_net": Quirk(sriov=False, why_not="use a physical NIC", source="net/virtio_net.c"),
}


def quirk(driver: str) -> Quirk:
    """What this driver does differently."""
    return QUIRKS.get(driver, UNKNOWN)
