# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check inventories as they are written, on the controller; no host is asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.inventory.check import (
    check_inventories,
    errors_of,
    folder_of,
    regions_below,
)
from ansible_collections.ull.metal.plugins.module_utils.inventory.names import COLLECTION

SPEC = {
    "inventories": {"type": "list", "elements": "path", "default": []},
    "below": {"type": "path"},
    "region_facts": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    """The action ull.metal.check_inventory."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(SPEC)
        try:
            wanted, folders = _folders(args)
            today = date.today().isoformat()
            found = check_inventories(folders, COLLECTION / "playbooks", today, wanted, args["region_facts"])
        except UllError as wrong:
            return {"failed": True, "changed": False, "msg": str(wrong), **wrong.as_dict()}
        findings = [finding for each in found.values() for finding in each]
        return {"changed": False, "checked": list(found), "findings": findings, "errors": errors_of(found)}


def _folders(args):
    """The inventories that are asked for, and all that they must agree with."""
    if args["below"]:
        folders = regions_below(Path(args["below"]))
        return folders, folders
    wanted = list(dict.fromkeys(filter(None, map(folder_of, args["inventories"]))))
    beside = {folder.resolve().parent for folder in wanted if folder.resolve().parent.name == "inventories"}
    others = [folder for parent in sorted(beside) for folder in regions_below(parent)]
    mine = {folder.resolve() for folder in wanted}
    return wanted, wanted + [folder for folder in others if folder.resolve() not in mine]
