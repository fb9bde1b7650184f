# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The frame of every module: build it, do the work, turn the one exception into the one failure."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .errors import UllError
from .host import Host
from .setting import Domain, converge

ROOT: dict[str, Any] = {"root": {"type": "path", "default": "/"}}
STATE: dict[str, Any] = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}


def run(spec: dict[str, Any], work: Callable[[dict[str, Any], Host, bool], dict[str, Any]]) -> None:
    """Run a module.

    Args:
        spec: its options beside ``root``.
        work: takes the parameters, the host, and whether this is check mode; returns the result.
    """
    module = AnsibleModule(argument_spec={**ROOT, **spec}, supports_check_mode=True)
    root = module.params["root"]
    host = Host(root, platform.node(), module.run_command if root == "/" else None)
    conclude(module, lambda: work(module.params, host, module.check_mode), host.name)


def conclude(module: AnsibleModule, work: Callable[[], dict[str, Any]], host: str = "") -> None:
    """Do the work and end the module with its result, or with the failure that an error is.

    Args:
        module: the module.
        work: returns the result.
        host: named by errors that name none themselves.
    """
    try:
        result = work()
    except UllError as error:
        error.host = error.host or host
        module.fail_json(msg=str(error), **error.as_dict())
    else:
        module.exit_json(**result)


def run_domain(spec: dict[str, Any], domain: Callable[[dict[str, Any]], Domain]) -> None:
    """Run a module that converges one domain; ``domain`` builds it from the parameters, empty ones when absent."""

    def work(params: dict[str, Any], host: Host, check_mode: bool) -> dict[str, Any]:
        if params["state"] == "absent":
            params = {**params, **dict.fromkeys(spec)}
        return converge(domain(params), host, check_mode).as_result()

    run({**STATE, **spec}, work)
