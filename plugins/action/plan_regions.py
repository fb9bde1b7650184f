# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan all regions in one process, each from its own inventory, with no host asked.

One run of Ansible over several inventories would merge their groups, and with them the variables of regions.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from ansible_collections.ull.metal.plugins.module_utils.acceptance import accept
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.fleet_check import fleet_findings
from ansible_collections.ull.metal.plugins.module_utils.inventory.check import regions_below
from ansible_collections.ull.metal.plugins.module_utils.inventory.machines import SHIPPED
from ansible_collections.ull.metal.plugins.module_utils.inventory.names import COLLECTION
from ansible_collections.ull.metal.plugins.module_utils.inventory.profiles import LAYERS
from ansible_collections.ull.metal.plugins.module_utils.inventory.summary import regions_text
from ansible_collections.ull.metal.plugins.module_utils.offline import plan_of, without_host
from ansible_collections.ull.metal.plugins.module_utils.report.files import write

SPEC = {
    "below": {"type": "path", "required": True},
    "report_dir": {"type": "str", "default": "reports/{region}"},
}
_USED = (*LAYERS, "ull_machine", "ull_topology_dir", "ull_accepted_findings")


class ActionModule(ActionBase):
    """The action ull.metal.plan_regions."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(SPEC)
        created = datetime.now(timezone.utc).replace(microsecond=0)
        try:
            regions = {folder.name: _planned(folder) for folder in regions_below(Path(args["below"]))}
            plans = fleet_findings([plan for made, _topologies in regions.values() for plan in made])
            made = {name: [plans.pop(0) for _each in own] for name, (own, _topologies) in regions.items()}
            reports = {}
            for name, (_own, topologies) in regions.items():
                if args["report_dir"]:
                    folder = Path(args["report_dir"].replace("{region}", name))
                    reports[name] = str(write(folder, made[name], topologies, name, created)[0])
        except UllError as wrong:
            return {"failed": True, "changed": False, "msg": str(wrong), **wrong.as_dict()}
        findings = [finding for own in made.values() for plan in own for finding in plan["findings"]]
        return {
            "changed": False,
            "text": regions_text(made, reports),
            "reports": reports,
            "findings": [finding for finding in findings if finding["level"] in ("error", "warning")],
            "errors": sum(finding["level"] == "error" for finding in findings),
        }


def _planned(folder):
    """The plans of a region's hosts, and the topologies that they were made from."""
    loader = DataLoader()
    # group_vars of the workload classes are beside the playbooks
    loader.set_basedir(str(COLLECTION / "playbooks"))
    # absolute, as Ansible remembers what it found by the path as it was given
    inventory = InventoryManager(loader=loader, sources=[str(folder.absolute())])
    variables = VariableManager(loader=loader, inventory=inventory)
    plans, topologies, today = [], {}, date.today().isoformat()
    for host in inventory.get_hosts():
        everything = variables.get_vars(host=host, include_hostvars=False)
        templar = Templar(loader=loader, variables=everything)
        told = {name: templar.template(everything[name]) for name in _USED if name in everything}
        plan, topologies[host.name] = _plan(host.name, folder, told)
        plan["findings"] = accept(plan["findings"], told.get("ull_accepted_findings", []), host.name, today)
        plans.append(plan)
    return plans, topologies


def _plan(host, folder, told):
    profile = {}
    for layer in LAYERS:
        profile.update(told.get(layer) or {})
    stored = Path(told.get("ull_topology_dir") or folder / "topology")
    machine = told.get("ull_machine")
    types = [str(place / f"{machine}.json") for place in (stored / "types", SHIPPED)] if machine else []
    topology, reasons = without_host(host, str(stored / f"{host}.json"), types)
    plan = plan_of(host, profile, topology, reasons)
    plan["source"] = "" if not topology else "declared" if "declared" in topology else "snapshot"
    plan["states"] = []
    return plan, topology
