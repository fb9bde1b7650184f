# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one way a module of this collection runs, and the one place where an error becomes a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .errors import UllError


def run(spec: dict[str, Any], work: Callable[[AnsibleModule], dict[str, Any]], **options: Any) -> None:
    """Build the module from its argument spec, do the work, exit with its result.

    Args:
        spec: the argument spec.
        work: from the module to its result; it honours check mode itself.
        options: for AnsibleModule, e.g. ``required_if``.
    """
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **options)
    try:
        result = work(module)
    except UllError as wrong:
        module.fail_json(msg=str(wrong), **wrong.as_dict())
    else:
        module.exit_json(**result)
