# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan a host: read its topology, or take the stored snapshot; compile; read the three states of every setting."""

from __future__ import annotations

from datetime import date

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.ull.metal.plugins.module_utils.acceptance import accept
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.finding import ERROR, Finding
from ansible_collections.ull.metal.plugins.module_utils.offline import contradicted, plan_of, without_host

SPEC = {
    "profile": {"type": "dict", "required": True},
    "snapshot": {"type": "path"},
    "machine_types": {"type": "list", "elements": "path", "default": []},
    "source": {"type": "str", "choices": ["auto", "host", "snapshot"], "default": "auto"},
    # a list is what it should be; what it is else is a finding and not a failed task
    "accepted_findings": {"type": "raw", "default": []},
}


class ActionModule(ActionBase):
    """The action ull.metal.plan."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(SPEC)
        host = task_vars["inventory_hostname"]
        source, topology, reasons = "host", None, []
        try:
            if args["source"] != "snapshot":
                topology, reasons = self._read(task_vars, host)
            if topology is None and args["source"] != "host":
                source = "snapshot"
                topology, reasons = without_host(host, args["snapshot"], args["machine_types"], reasons)
            elif topology:
                reasons = contradicted(args["snapshot"], args["machine_types"], topology)
        except UllError as wrong:
            return {"failed": True, "changed": False, "msg": str(wrong), **wrong.as_dict()}
        plan = plan_of(host, args["profile"], topology, reasons)
        plan["source"] = "declared" if topology and "declared" in topology else source if topology else ""
        plan["findings"] = accept(plan["findings"], args["accepted_findings"], host, date.today().isoformat())
        plan["states"] = self._states(plan, task_vars, host) if source == "host" else []
        return {"changed": False, "plan": plan, "ansible_facts": {"ull_plan": plan, "ull_topology": topology}}

    def _read(self, task_vars, host):
        """The host's topology, or why there is none."""
        try:
            result = self._execute_module("ull.metal.topology_facts", {}, task_vars=task_vars)
        except AnsibleConnectionFailure as unreachable:
            address = task_vars.get("ansible_host", host)
            return None, [
                Finding(
                    "host-unreachable",
                    f"{host} does not answer: {str(unreachable).strip()}",
                    "ansible_host",
                    address,
                    "start the host, correct ansible_host and ansible_port, or leave it out with --limit",
                    host,
                )
            ]
        if result.get("failed"):
            return None, [_unreadable("topology-unreadable", result, host)]
        return result["ansible_facts"]["ull_topology"], []

    def _states(self, plan, task_vars, host):
        if any(finding["level"] == ERROR for finding in plan["findings"]):
            return []
        result = self._execute_module("ull.metal.settings_info", {"plan": plan}, task_vars=task_vars)
        if result.get("failed"):
            plan["findings"].append(_unreadable("settings-unreadable", result, host).as_dict())
        return result.get("states", [])


def _unreadable(kind, result, host):
    remedy = result.get("remedy") or "see what the module says; it needs Python 3.9 or newer on the host"
    return Finding(kind, str(result.get("msg")), "ansible_host", host, remedy, host)
