# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a host's topology, say what it contradicts, and store it on the controller."""

from __future__ import annotations

import json
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.offline import contradicted

SPEC = {
    "path": {"type": "path", "required": True},
    "machine_types": {"type": "list", "elements": "path", "default": []},
}


class ActionModule(ActionBase):
    """The action ull.metal.topology_snapshot."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(SPEC)
        gathered = self._execute_module("ull.metal.topology_facts", {}, task_vars=task_vars)
        if gathered.get("failed") or gathered.get("unreachable"):
            return gathered
        topology, path = gathered["ansible_facts"]["ull_topology"], Path(args["path"])
        text = json.dumps(topology, indent=1) + "\n"
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        try:
            found = contradicted(args["path"], args["machine_types"], topology)
            if text != before and not self._task.check_mode:
                Host().replace(str(path.absolute()), text)
        except (UllError, OSError) as wrong:
            told = wrong.as_dict() if isinstance(wrong, UllError) else {}
            return {"failed": True, "changed": False, "msg": str(wrong), **told}
        host = task_vars["inventory_hostname"]
        return {
            "changed": text != before,
            "path": str(path),
            "findings": [{**finding.as_dict(), "host": host} for finding in found],
            "diff": {"before": before, "after": text, "before_header": str(path), "after_header": str(path)},
            "ansible_facts": {"ull_topology": topology},
        }
