# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validate a host: its NUMA layout and every setting as it runs, against the plan."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.ull.metal.plugins.module_utils.checks import checks
from ansible_collections.ull.metal.plugins.module_utils.view import checks_text


class ActionModule(ActionBase):
    """The action ull.metal.validate."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec({"plan": {"type": "dict", "required": True}})
        plan = args["plan"]
        info = self._execute_module("ull.metal.settings_info", {"plan": plan}, task_vars=task_vars)
        if info.get("failed"):
            return info
        found = [check.as_dict() for check in checks(plan, info["topology"], info["states"])]
        failed = [check["name"] for check in found if not check["ok"]]
        result = {"changed": False, "checks": found, "failed_checks": failed}
        if failed:
            result.update(failed=True, msg=checks_text(plan["host"], found))
        return result
