# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the plans of a region as a page for people and as JSON for programs, on the controller."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.report.files import region_of, write

SPEC = {
    "plans": {"type": "list", "elements": "dict", "required": True},
    "topologies": {"type": "dict", "default": {}},
    "folder": {"type": "path", "default": "reports/{region}"},
    "region": {"type": "str"},
}


class ActionModule(ActionBase):
    """The action ull.metal.report."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(SPEC)
        region = args["region"] or region_of(task_vars.get("ansible_inventory_sources"))
        if not args["folder"]:
            return {"changed": False, "html": "", "json": "", "region": region}
        folder = Path(args["folder"].replace("{region}", region))
        created = datetime.now(timezone.utc).replace(microsecond=0)
        try:
            html, json = write(folder, args["plans"], args["topologies"], region, created)
        except UllError as wrong:
            return {"failed": True, "changed": False, "msg": str(wrong), **wrong.as_dict()}
        return {"changed": False, "html": str(html), "json": str(json), "region": region}
