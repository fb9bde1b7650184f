"""Keys, known_hosts, and waiting for a login."""

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab import access
from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab


def test_keys_are_made_once(tmp_path):
    lab = Lab(str(tmp_path / "lab"))
    assert access.ensure_keys(lab)
    before = {path.name: path.read_text() for path in lab.folder.iterdir() if path.is_file()}
    assert not access.ensure_keys(lab)
    assert before == {path.name: path.read_text() for path in lab.folder.iterdir() if path.is_file()}
    assert before["known_hosts"] == "* " + " ".join(before["ssh_host_ed25519_key.pub"].split()[:2]) + "\n"
    assert (lab.folder / "id_ed25519").stat().st_mode & 0o77 == 0


def test_host_key_is_always_checked(tmp_path):
    words = access.ssh_argv(Lab(str(tmp_path)), "127.0.0.1", 2201, "true")
    assert "StrictHostKeyChecking=yes" in words
    assert f"UserKnownHostsFile={tmp_path}/known_hosts" in words


def test_machine_that_ends_while_it_boots(tmp_path):
    with pytest.raises(UllError, match=r"(?s)has ended.*panic"):
        access.wait_for_login(
            Lab(str(tmp_path)), "127.0.0.1", 1, 5, alive=lambda: False, console=lambda: "Kernel panic"
        )


def test_machine_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(access, "greets", lambda *_: False)
    with pytest.raises(UllError, match=r"no ssh server answers.*\n.*GRUB"):
        access.wait_for_login(Lab(str(tmp_path)), "127.0.0.1", 1, 0.3, alive=lambda: True, console=lambda: "GRUB")


def test_no_free_port(monkeypatch):
    monkeypatch.setattr(access, "port_in_use", lambda port: True)
    with pytest.raises(UllError, match="no free port"):
        access.free_port(2300, 2302, set())
