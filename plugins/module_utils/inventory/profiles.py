# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The latency profile of each host as the inventory merges it: whether it is one, and whether it keeps its budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..finding import Finding
from ..profile import ROOT, read_profile
from .document import Place
from .names import has_template
from .region import keys_of, located
from .source import Variable

# What counts more comes later; keys are replaced as a whole.
LAYERS = ("ull_class_profile", "ull_machine_profile", ROOT)


def merged(variables: Mapping[str, Variable]) -> tuple[dict[str, Any], dict[str, Variable]]:
    """The profile, and for each of its keys the variable that says it."""
    profile: dict[str, Any] = {}
    said: dict[str, Variable] = {}
    for layer in LAYERS:
        variable = variables.get(layer)
        if variable is not None and isinstance(variable.value, Mapping):
            profile.update(variable.value)
            said.update(dict.fromkeys(variable.value, variable))
    return profile, said


def profile_findings(variables: Mapping[str, Variable]) -> Iterator[Finding]:
    """What is wrong with the host's profile, at the line that says it."""
    for layer in LAYERS:
        if (
            layer in variables
            and not isinstance(variables[layer].value, Mapping)
            and not has_template(variables[layer].value)
        ):
            message = f"{layer} should be a mapping"
            yield Finding("profile-bad-value", message, str(variables[layer].place()), None, "see docs/profile.md")
            return
    profile, said = merged(variables)
    if not profile or has_template(profile):
        return
    for finding in read_profile(profile)[1]:
        keys = keys_of(finding.path)
        variable = said.get(keys[0]) if keys else None
        yield (
            located(finding, variable)
            if variable
            else Finding(finding.id, finding.message, finding.path, finding.value, finding.remedy)
        )
    yield from _budget(variables, profile, said)


def _budget(
    variables: Mapping[str, Variable], profile: Mapping[str, Any], said: Mapping[str, Variable]
) -> Iterator[Finding]:
    """A budget may be tightened where hosts are, and is loosened only where the class is declared."""
    base = variables.get(LAYERS[0])
    wanted = base.value.get("latency_budget_ns", 0) if base and isinstance(base.value, Mapping) else 0
    have = profile.get("latency_budget_ns", 0)
    if wanted and isinstance(wanted, int) and isinstance(have, int) and (have > wanted or have == 0):
        place: Place = said["latency_budget_ns"].place("latency_budget_ns")
        what = f"{have} ns" if have else "no budget"
        message = f"{what}, and the class {base.value.get('class', '') if base else ''} has {wanted} ns"
        yield Finding("budget-loosened", message, f"{place} {ROOT}.latency_budget_ns", have, f"say at most {wanted}")
