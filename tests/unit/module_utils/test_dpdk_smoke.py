# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import Link, tree
from vf_machine import DEVICES, PF, with_nics

from ansible_collections.ull.metal.plugins.module_utils.dpdk_smoke import counts, smoke_test
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.settings.dpdk_files import FACT

SAID = """
  ---------------------- Forward statistics for port 1  ----------------------
  RX-packets: 301792         RX-dropped: 0             RX-total: 301792
  TX-packets: 301791         TX-dropped: 0             TX-total: 301791
  ----------------------------------------------------------------------------

  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
  RX-packets: 603584         RX-dropped: 0             RX-total: 603584
  TX-packets: 603583         TX-dropped: 0             TX-total: 603583
  ++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++
"""


@pytest.fixture
def host(tmp_path):
    """Three VFs of vfio-pci, the first in a VLAN of its own."""
    host = with_nics(tmp_path)
    host.poke(f"{DEVICES}/{PF}/sriov_drivers_autoprobe", "0")
    host.poke(f"{DEVICES}/{PF}/sriov_numvfs", "3")
    for index in range(3):
        host._bind(host.vf(PF, index), "vfio-pci")
        host.vfs[PF][index] |= {"mac": f"02:00:00:00:00:0{index}", "vlan": "100" if index else "7", "qos": "0"}
    devices = ", ".join(f'"{host.vf(PF, index)}"' for index in range(3))
    tree(
        host.root, {FACT: f'{{"devices": [{devices}], "lcores": "3,7"}}', f"{DEVICES}/{host.vf(PF, 1)}/numa_node": "1"}
    )
    return host


def run(host, devices=(), said=SAID, code=0, **more):
    ran = []
    result = smoke_test(host, list(devices), "", 5, 128, execute=lambda *a: (ran.append(a), (code, said))[1], **more)
    return result, ran


def test_two_vfs_of_one_vlan_send_to_each_other(host):
    result, ((argv, seconds),) = run(host)
    assert result["devices"] == ["0000:81:10.1", "0000:81:10.2"]
    assert (result["received"], result["sent"], result["changed"], seconds) == (603584, 603583, False, 5)
    text = " ".join(argv)
    assert text.startswith("dpdk-testpmd -l 3,7 -a 0000:81:10.1 -a 0000:81:10.2 --file-prefix ull-metal-smoke")
    assert "--huge-unlink --socket-mem 0,128" in text
    assert "--eth-peer=0,02:00:00:00:00:02 --eth-peer=1,02:00:00:00:00:01" in text


def test_one_vf_only_sends(host):
    _result, ((argv, _seconds),) = run(host, ["0000:81:10.0"])
    assert "--forward-mode=txonly" in argv


def test_check_mode_runs_nothing(host):
    assert run(host, check_mode=True)[1] == []


@pytest.mark.parametrize(("said", "code"), [("", 0), (SAID, 1), (SAID.replace("603584", "0"), 0)])
def test_no_packets_is_a_failure(host, said, code):
    with pytest.raises(UllError, match=r"(?s)testpmd ended with .*Remedy: see whether hugepages"):
        run(host, said=said, code=code)


def test_what_is_in_use_is_not_taken(host):
    tree(host.root, {"/proc/71/comm": "trader", "/proc/71/fd/9": Link("/dev/vfio/15")})
    result, _ran = run(host)
    assert result["devices"] == ["0000:81:10.0"]
    with pytest.raises(UllError, match=r"0000:81:10.1.*open in process 71"):
        run(host, ["0000:81:10.1"])


def test_a_vf_of_another_driver(host):
    with pytest.raises(UllError, match=r"its driver is none.*Remedy: apply the role dpdk"):
        run(host, ["0000:99:00.0"])
    host.path(FACT).unlink()
    with pytest.raises(UllError, match=r"no free VF.*Remedy: apply the roles"):
        run(host)


def test_counts_of_nothing():
    assert counts("Bye...") == (0, 0)
