"""VFs with their attributes, each with the driver it is meant for; the boot unit makes them again."""

import json

import pytest

PF = "/sys/bus/pci/devices/0000:81:00.0"
UNIT = "ull-metal-sriov.service"
WANTED = [
    {"address": "02:00:5e:00:00:10", "vlan_list": [{"vlan": 100, "qos": 3}], "trust": True, "spoofchk": True},
    {"address": "02:00:5e:00:00:11", "trust": False, "spoofchk": False, "rate": {"max_tx": 500, "min_tx": 0}},
    {"address": "02:00:5e:00:00:12", "trust": False, "spoofchk": True, "vlan_list": [{}]},
]


def vfs(host):
    return json.loads(host.check_output("ip -j -d link show dev ens2"))[0]["vfinfo_list"]


def driver(host, index):
    link = host.file(f"{PF}/virtfn{index}/driver")
    return link.linked_to.rsplit("/", 1)[-1] if link.exists else ""


def check(host):
    for found, wanted in zip(vfs(host), WANTED, strict=True):
        assert {key: found[key] for key in wanted} == wanted
    assert [driver(host, index) for index in range(3)] == ["", "igbvf", "igbvf"]
    assert host.file(f"{PF}/sriov_drivers_autoprobe").content_string.strip() == "0"


def test_attributes_and_drivers(host):
    check(host)


@pytest.mark.parametrize("index", [1, 2])
def test_the_kernels_driver_took_the_address_over(host, index):
    (name,) = host.file(f"{PF}/virtfn{index}/net").listdir()
    assert host.file(f"/sys/class/net/{name}/address").content_string.strip() == WANTED[index]["address"]


def test_the_unit_comes_before_the_network(host):
    said = host.check_output(f"systemctl show {UNIT} --property=Before,UnitFileState")
    assert "network-pre.target" in said
    assert "UnitFileState=enabled" in said


def test_management_is_as_it_was(host):
    assert host.interface("mgmt0").addresses == ["10.0.2.15"]


def test_the_boot_unit_makes_them_again(host):
    host.check_output(f"echo 0 > {PF}/sriov_numvfs && ip link set ens2 down && rmmod igbvf")
    host.check_output(f"systemctl restart {UNIT}")
    check(host)


def test_the_boot_unit_does_not_take_vfs_in_use(host):
    (name,) = host.file(f"{PF}/virtfn1/net").listdir()
    host.check_output(f"ip address add 192.0.2.1/24 dev {name}")
    slice_path = "/etc/ull-metal/sriov.json"
    host.check_output(f'cp {slice_path} /root/ && sed -i \'s/"numvfs": 3/"numvfs": 4/\' {slice_path}')
    assert host.run(f"systemctl restart {UNIT}").rc != 0
    assert f"interface {name}" in host.check_output(f"journalctl -u {UNIT} --no-pager -n 20")
    host.check_output(f"cp /root/sriov.json {slice_path} && ip address flush dev {name} && systemctl restart {UNIT}")
    check(host)
