# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The frame of every module: build it, do the work, turn the one exception into the one failure."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .errors import UllError
from .host import Host, Runner
from .packages import missing
from .setting import Domain, converge

Work = Callable[["dict[str, Any]", Host, bool], "dict[str, Any]"]

PACKAGES: dict[str, Any] = {"packages": {"type": "list", "elements": "str", "default": []}}
ROOT: dict[str, Any] = {"root": {"type": "path", "default": "/"}}
STATE: dict[str, Any] = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}


def run(spec: dict[str, Any], work: Work) -> None:
    """Run a module.

    Args:
        spec: its options beside ``root``.
        work: takes the parameters, the host, and whether this is check mode; returns the result.
    """
    module = AnsibleModule(argument_spec={**ROOT, **spec}, supports_check_mode=True)
    root = module.params["root"]
    host = Host(root, platform.node(), _runner(module) if root == "/" else None)
    conclude(module, lambda: work(module.params, host, module.check_mode), host.name)


def _runner(module: AnsibleModule) -> Runner:
    """A command that is missing is an OSError here, for the host to speak of; run_command itself would end the module."""
    return lambda argv: module.run_command(argv, handle_exceptions=False)


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


def run_domain(spec: dict[str, Any], domain: Callable[[dict[str, Any]], Domain], always: tuple[str, ...] = ()) -> None:
    """Run a module that converges one domain.

    Args:
        spec: its options beside ``root`` and ``state``.
        domain: builds it from the parameters, empty ones when absent.
        always: options that count when absent, too, such as a consent.
    """

    def work(params: dict[str, Any], host: Host, check_mode: bool) -> dict[str, Any]:
        if params["state"] == "absent":
            params = {**params, **{option: None for option in spec if option not in always}}
        return converge(domain(params), host, check_mode).as_result()

    run({**STATE, **spec}, after_packages(work) if "packages" in spec else work)


def after_packages(work: Work) -> Work:
    """Work that is only done when the packages of the option ``packages`` are installed; the result names those missing.

    A role then asks the package manager only when one is, and calls the module again. In check mode the work is tried
    without them, as far as it goes.
    """

    def checked(params: dict[str, Any], host: Host, check_mode: bool) -> dict[str, Any]:
        lacking = missing(host, params["packages"] or []) if params["state"] == "present" else []
        if not lacking:
            return {**work(params, host, check_mode), "packages_missing": []}
        try:
            result = work(params, host, check_mode) if check_mode else {"changed": False}
        except UllError:
            result = {"changed": False}
        return {**result, "packages_missing": lacking}

    return checked
