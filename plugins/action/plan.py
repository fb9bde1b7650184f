# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan a host: read its topology, or take the stored snapshot; compile; read the three states of every setting."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.ull.metal.plugins.module_utils.acceptance import accept
from ansible_collections.ull.metal.plugins.module_utils.finding import ERROR, Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan, no_plan
from ansible_collections.ull.metal.plugins.module_utils.topology_diff import changed

SPEC = {
    "profile": {"type": "dict", "required": True},
    "snapshot": {"type": "path"},
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
        if args["source"] != "snapshot":
            topology, reasons = self._read(task_vars, host)
        if topology is None and args["source"] != "host":
            source, topology = "snapshot", _stored(args["snapshot"])
            reasons = [_stored_note(host, reasons)] if topology else [*reasons, _missing(host, args["snapshot"])]
        elif topology:
            reasons = changed(_stored(args["snapshot"]), topology, args["snapshot"])
        if not args["profile"]:
            plan = no_plan(host, [*reasons, _no_profile(host)])
        elif topology:
            plan = compile_plan(topology, args["profile"], host)
            plan["findings"] += [{**finding.as_dict(), "host": host} for finding in reasons]
        else:
            plan = no_plan(host, reasons)
        plan["source"] = source if topology else ""
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


def _stored(path):
    return json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).exists() else None


def _stored_note(host, reasons):
    why = f": {reasons[0].message}" if reasons else ""
    return Finding("topology-stored", f"{host} is planned from its stored snapshot{why}", host=host)


def _no_profile(host):
    return Finding(
        "profile-missing",
        f"{host} is in no workload class",
        "ull_class_profile",
        None,
        "put it into a class's group, e.g. order_engine, give it ull_profile, or leave it out with ull_hosts",
        host,
    )


def _unreadable(kind, result, host):
    remedy = result.get("remedy") or "see what the module says; it needs Python 3.9 or newer on the host"
    return Finding(kind, str(result.get("msg")), "ansible_host", host, remedy, host)


def _missing(host, path):
    return Finding(
        "topology-missing",
        f"no topology of {host} is stored",
        "plan_snapshot",
        path,
        "gather it while the host answers: ansible-playbook ull.metal.topology",
        host,
    )
