# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which variables an inventory may have: a misspelt one would be silently without effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..finding import Finding
from ..json_schema import nearest
from .source import Source

COLLECTION = Path(__file__).resolve().parents[3]
KNOWN = "ull_known_variables"

# What an inventory may say of itself, for docs/regions.md; roles have theirs in meta/argument_specs.yml.
INVENTORY = {
    "ull_region": "Facts of the region, by the schema below.",
    "ull_zone": "Availability zone of the host.",
    "ull_mac": "MAC address by which the host boots, in quotes.",
    "ull_machine": "Machine type of the host: a file of `topology/types` or of `roles/plan/files/machines`.",
    "ull_machine_profile": "What the machine type changes in its class's profile, key by key.",
    "ull_profile": "What this inventory changes in its class's profile, key by key.",
    "ull_class_profile": "Profile of a workload class of your own.",
    "ull_hosts": "Hosts that playbooks work on, by default all.",
    "ull_topology_dir": "Folder of stored topologies.",
    "ull_accepted_findings": "Findings that somebody answers for.",
    "ull_reboot": "Consent to reboot.",
    "ull_reboot_batch": "How many hosts reboot at once.",
    KNOWN: "Variables of your own, names with `*` and `?`, that are no mistakes.",
}
# Ansible's own that an inventory says: connection, privileges, interpreter.
_ANSIBLE = """
become become_exe become_flags become_method become_pass become_password become_user connection connection_timeout
control_path control_path_dir diff_mode group_priority host host_key_checking httpapi_port httpapi_use_ssl
httpapi_validate_certs httpapi_pass httpapi_password host_private_key_file locale_cache network_os
paramiko_host_key_checking paramiko_private_key_file paramiko_proxy_command pass password
pipelining playbook_python port private_key_file private_key psrp_protocol psrp_auth python_interpreter remote_tmp
scp_executable scp_extra_args scp_if_ssh sftp_batch_mode sftp_executable sftp_extra_args shell_executable shell_type ssh_args
ssh_common_args ssh_executable ssh_extra_args ssh_host ssh_host_key_checking ssh_pass ssh_password ssh_pipelining ssh_port
ssh_private_key ssh_private_key_file ssh_private_key_passphrase ssh_reconnection_retries ssh_retries ssh_timeout
ssh_transfer_method ssh_use_tty ssh_user sudo_exe sudo_flags sudo_pass timeout user winrm_scheme winrm_transport
async_dir facts_modules host_pattern_mismatch command_timeout
"""
ANSIBLE = frozenset(f"ansible_{word}" for word in _ANSIBLE.split())
_INTERPRETER = re.compile(r"ansible_\w+_interpreter\Z", re.ASCII)
_OURS = re.compile(r"\bull_[a-z0-9_]+")
_DEFAULT = re.compile(r"^([a-z][a-z0-9_]*):", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)


@lru_cache(maxsize=1)
def collection_variables() -> frozenset[str]:
    """The variables of the roles, and every ``ull_`` name that roles and playbooks use."""
    found = set(INVENTORY)
    for path in COLLECTION.glob("roles/*/defaults/main.yml"):
        found.update(_DEFAULT.findall(path.read_text(encoding="utf-8")))
    for path in COLLECTION.glob("roles/*/meta/argument_specs.yml"):
        role = path.parent.parent.name
        found.update(re.findall(rf"^ +({role}_\w+):", path.read_text(encoding="utf-8"), re.MULTILINE))
    for pattern in ("roles/*/*/*.yml", "playbooks/*.yml", "playbooks/group_vars/*.yml"):
        for path in COLLECTION.glob(pattern):
            found.update(_OURS.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)


def unknown_variables(source: Source) -> Iterator[Finding]:
    """Every variable that nothing knows, at its line, with the name that is nearest."""
    own = [str(pattern) for pattern in _own(source)]
    used = _used(source)
    known = collection_variables() | ANSIBLE
    for _kind, _owner, variable in source.said():
        name = variable.name
        if name in known or name in used or _INTERPRETER.match(name) or any(fnmatchcase(name, each) for each in own):
            continue
        remedy = nearest(name, sorted(known)) or f"if it is one of your own, name it in {KNOWN}"
        yield Finding("variable-unknown", f"nothing knows a variable {name!r}", str(variable.place()), name, remedy)


def _own(source: Source) -> Iterable[Any]:
    for _kind, _owner, variable in source.said():
        if variable.name == KNOWN and isinstance(variable.value, (list, tuple)):
            yield from variable.value


def _used(source: Source) -> set[str]:
    """Every word of the inventory's own templates: what a template uses is known to it."""
    found: set[str] = set()
    for _kind, _owner, variable in source.said():
        for text in texts(variable.value):
            for inner in _TEMPLATE.findall(text):
                found.update(_WORD.findall(" ".join(inner)))
    return found


def texts(value: Any) -> Iterator[str]:
    """Every text within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def has_template(value: Any) -> bool:
    """Whether there is a template within, so that the value is known only to Ansible."""
    return any("{{" in text or "{%" in text for text in texts(value))
