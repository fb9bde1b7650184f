"""What goes into an image."""

from dataclasses import replace

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab import image

SPEC = image.Spec("vm", "trixie", ("ethtool",), 6, "ssh-ed25519 LOGIN", "ssh-ed25519 HOST")


def test_key_names_the_ingredients():
    assert SPEC.key == replace(SPEC).key
    changes = ({"packages": ()}, {"suite": "sid"}, {"size_gib": 7}, {"login_key": "x"}, {"kind": "container"})
    assert len({SPEC.key, *(replace(SPEC, **change).key for change in changes)}) == 6


@pytest.mark.parametrize(
    ("names", "release"),
    [
        (["vmlinuz-6.12.9+deb13-amd64", "initrd.img-6.12.9+deb13-amd64"], "6.12.9+deb13-amd64"),
        (["vmlinuz-6.12.57+deb13-amd64", "vmlinuz-6.12.57+deb13-rt-amd64"], "6.12.57+deb13-amd64"),
        (["vmlinuz-6.12.9+deb13-amd64", "vmlinuz-6.12.10+deb13-amd64"], "6.12.10+deb13-amd64"),
        (["vmlinuz-6.12.9+deb13-rt-amd64"], "6.12.9+deb13-rt-amd64"),
    ],
)
def test_stock_kernel_boots(names, release):
    assert image.newest_stock_kernel(names) == release


def test_image_without_a_kernel():
    with pytest.raises(UllError, match="no kernel"):
        image.newest_stock_kernel(["config-6.12"])


TARGETS = """\
http://apt.example/debian/ bookworm Debian
http://apt.example/debian/ bookworm-updates Debian
http://apt.example/debian/ bookworm-backports Debian Backports
http://apt.example/security/ bookworm-security Debian-Security
"""


def test_mirrors_are_those_of_the_machine():
    assert image.mirrors(TARGETS, "trixie") == [
        "deb http://apt.example/debian/ trixie main",
        "deb http://apt.example/debian/ trixie-updates main",
        "deb http://apt.example/security/ trixie-security main",
    ]


@pytest.mark.parametrize("targets", ["", "\n", "http://apt.example/ubuntu/ noble Ubuntu\n"])
def test_no_debian_no_mirror(targets):
    assert image.mirrors(targets, "trixie") == []


def test_proxies():
    dump = 'APT "";\nAcquire::http::Proxy "http://cache:3142";\nAcquire::Languages "";\n'
    assert image.proxies(dump) == ['Acquire::http::Proxy "http://cache:3142";']


def test_mmdebstrap_names_no_mirror_of_its_own(tmp_path):
    command = image.mmdebstrap_argv(SPEC, tmp_path, [], [])
    assert command[-2:] == ["trixie", str(tmp_path)]
    assert not [word for word in command if "://" in word]
    include = next(word for word in command if word.startswith("--include="))
    assert {"linux-image-amd64", "grub-pc", "ethtool"} <= set(include[len("--include=") :].split(","))


def test_container_has_no_kernel(tmp_path):
    command = " ".join(image.mmdebstrap_argv(replace(SPEC, kind="container"), tmp_path, ["deb x trixie main"], []))
    assert "linux-image" not in command
    assert "grub" not in command
    assert command.endswith("deb x trixie main")


def test_machine_files():
    files = image.files(SPEC, "6.12-amd64")
    assert 'GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200 no_timer_check"' in files["/etc/default/grub"]
    assert 'GRUB_TOP_LEVEL="/boot/vmlinuz-6.12-amd64"' in files["/etc/default/grub"]
    assert files["/etc/machine-id"] == ""
    assert "PasswordAuthentication no" in files["/etc/ssh/sshd_config.d/lab.conf"]
    assert files["/root/.ssh/authorized_keys"] == "ssh-ed25519 LOGIN\n"
    assert "Storage=persistent" in files["/etc/systemd/journald.conf.d/lab.conf"]


def test_container_files_leave_boot_alone():
    assert not [path for path in image.files(replace(SPEC, kind="container"), "") if "grub" in path]


def test_partition_uuid_is_what_blkid_shows():
    label = "key"
    signature = image.partuuid(label).split("-")[0]
    from ansible_collections.ull.metal.plugins.module_utils.lab.disk import boot_sectors

    written = boot_sectors(bytes(512), bytes(512), 1 << 21, label)[440:444]
    assert int.from_bytes(written, "little") == int(signature, 16)


def test_key_stands_for_the_code_too(tmp_path):
    from ansible_collections.ull.metal.plugins.module_utils.lab import builder
    from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab

    spec = builder.spec_of(Lab(str(tmp_path)), "vm", "trixie", ["a", "b", "a"], 6)
    assert spec.packages == ("a", "b")
    assert len(spec.recipe) == 64
    assert replace(spec, recipe="other").key != spec.key
