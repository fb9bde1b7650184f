# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile

from ansible_collections.ull.metal.plugins.module_utils.agent.archive import _closure, archive
from ansible_collections.ull.metal.plugins.module_utils.settings.hugepages import Hugepages


def test_the_archive_holds_what_the_domain_needs_and_nothing_of_ansible():
    made = zipfile.ZipFile(io.BytesIO(archive(Hugepages, "/etc/x.json")))
    names = made.namelist()
    assert {"__main__.py", "ull_metal/agent/boot.py", "ull_metal/settings/hugepages.py"} <= set(names)
    assert not [name for name in names if "report" in name or "lab" in name]
    for name in names:
        assert "import ansible" not in made.read(name).decode()
        assert "from ansible" not in made.read(name).decode()


def test_the_same_sources_give_the_same_bytes():
    assert archive(Hugepages, "/etc/x.json") == archive(Hugepages, "/etc/x.json")
    assert archive(Hugepages, "/etc/x.json") != archive(Hugepages, "/etc/y.json")


def test_it_runs(tmp_path):
    stored = tmp_path / "hugepages.json"
    stored.write_text(json.dumps({"devices": [], "slice": {"pools": []}}))
    code = tmp_path / "hugepages.pyz"
    code.write_bytes(archive(Hugepages, str(stored)))
    done = subprocess.run([sys.executable, "-I", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_ansible_sends_what_the_archive_is_made_of():
    """Ansible packs for a module only what its imports name; what runs at boot has to be among them."""
    assert {"agent/boot.py", "agent/links.py"} <= set(_closure(["settings/cpu_power.py"]))
