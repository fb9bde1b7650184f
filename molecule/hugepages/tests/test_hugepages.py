"""What was asked for live runs; what needs a boot is persisted and waits for it."""

import pytest

NODE = "/sys/devices/system/node/node{}/hugepages/hugepages-{}kB/nr_hugepages"


@pytest.mark.parametrize(("node", "kib", "pages"), [(0, 2048, 48), (1, 2048, 0), (0, 1048576, 0), (1, 1048576, 0)])
def test_pools_that_run(host, node, kib, pages):
    assert host.file(NODE.format(node, kib)).content_string.strip() == str(pages)


def test_live_pool_comes_back_with_a_boot(host):
    assert (
        f"w! {NODE.format(0, 2048)} - - - - 48" in host.file("/etc/tmpfiles.d/ull-metal-hugepages.conf").content_string
    )
    path = NODE.format(0, 2048)
    host.check_output(f"echo 0 > {path}")
    host.check_output("systemd-tmpfiles --create --boot /etc/tmpfiles.d/ull-metal-hugepages.conf")
    assert host.file(path).content_string.strip() == "48"


def test_gigantic_pages_wait_for_the_boot(host):
    assert "hugepagesz=1G hugepages=1:1" in host.file("/boot/grub/grub.cfg").content_string


def test_what_was_before_is_remembered(host):
    assert '"hugepages.node0.2M": "0"' in host.file("/var/lib/ull-metal/before/hugepages.json").content_string
