"""Validating changes nothing."""


def test_pools_are_as_planned(host):
    for node in (0, 1):
        path = f"/sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages"
        assert host.file(path).content_string.strip() == "16"
