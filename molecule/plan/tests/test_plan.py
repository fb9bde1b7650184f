"""Planning leaves nothing behind."""

import pytest


@pytest.mark.parametrize(
    "path", ["/var/lib/ull-metal", "/etc/default/grub.d/95-ull-metal.cfg", "/etc/tmpfiles.d/ull-metal-hugepages.conf"]
)
def test_nothing_written(host, path):
    assert not host.file(path).exists
