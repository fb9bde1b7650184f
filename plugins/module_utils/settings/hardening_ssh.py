# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""sshd's part of hardening: a drop-in that comes first, as sshd takes the first value it finds; and no lock-out."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from ..errors import UllError
from ..host import MANAGED, Host
from ..setting import LIVE, Setting
from ..trial import examine
from .unit_files import UnitFiles

ROLE = "hardening"
MAIN = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/00-ull-metal.conf"
# Red Hat's system-wide policy owns the algorithms there, FIPS mode included.
CRYPTO_POLICY = "/etc/crypto-policies/back-ends/opensshserver.config"

# Source of all: CIS Benchmark for Debian 12, section 5.1; sshd_config(5).
BASE = {
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PermitEmptyPasswords": "no",
    "HostbasedAuthentication": "no",
    "IgnoreRhosts": "yes",
    "X11Forwarding": "no",
    "PermitUserEnvironment": "no",
    "MaxAuthTries": "4",
    "LoginGraceTime": "60",
    "LogLevel": "VERBOSE",
}
# Taken out of what this version offers, so that the list is right for all of them. Sources: RFC 9142 (key exchange),
# Terrapin (CVE-2023-48795: chacha20-poly1305 and CBC with encrypt-then-MAC), CIS Benchmark for Debian 12, section 5.1.
REMOVED = {
    "Ciphers": ("3des-cbc", "aes*-cbc", "rijndael-cbc*", "chacha20-poly1305*"),
    "MACs": ("hmac-md5*", "hmac-sha1*", "umac-64*", "hmac-ripemd160*"),
    "KexAlgorithms": ("diffie-hellman-group1-*", "diffie-hellman-group14-*", "diffie-hellman-group-exchange-sha1"),
}
# sshd -T has old words for some values.
_SAME = {"without-password": "prohibit-password"}
_INCLUDE = re.compile(r"^\s*Include\s+\S*/?sshd_config\.d/\*\.conf", re.IGNORECASE | re.MULTILINE)
_USER = re.compile(r"[A-Za-z0-9_*?!][A-Za-z0-9_.@*?!:/\-]*\Z", re.ASCII)


@dataclass
class Login:
    """Who is connected: user, and the connection's ends as sshd tells it."""

    user: str = ""
    address: str = ""
    port: int = 0


@dataclass
class Ssh:
    """What sshd should say.

    Args:
        root_login: ``prohibit-password`` or ``no``.
        allow_users: patterns of users who may log in; none for all.
        allow_groups: patterns of their groups.
        algorithms: whether weak algorithms are taken out.
        options: further keywords, which win over ours.
    """

    root_login: str = "prohibit-password"
    allow_users: Sequence[str] = ()
    allow_groups: Sequence[str] = ()
    algorithms: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """Keyword and value of all but the algorithms."""
        allowed = {"AllowUsers": self.allow_users, "AllowGroups": self.allow_groups}
        named = {word: " ".join(names) for word, names in allowed.items() if names}
        return {**BASE, "PermitRootLogin": self.root_login, **named, **self.options}

    def render(self, host: Host) -> str:
        """The drop-in."""
        lines = [f"# {MANAGED.format(role=ROLE)}", *(f"{word} {value}" for word, value in self.values().items())]
        if self.algorithms and not host.exists(CRYPTO_POLICY):
            lines += [f"{word} -{','.join(names)}" for word, names in REMOVED.items() if word not in self.options]
        return "\n".join(lines) + "\n"

    def settings(self) -> list[Setting]:
        """What sshd makes of it: it takes the first value that it finds, and that may be another file's."""
        return [_setting(word, value) for word, value in self.values().items() if word not in _LISTS]

    def check(self, host: Host, login: Login) -> None:
        """Refuse what sshd would not take, and what would shut out the user who is connected.

        Raises:
            UllError: one of them.
        """
        for word in ("users", "groups"):
            for name in getattr(self, f"allow_{word}"):
                if not _USER.match(name):
                    raise UllError(
                        "this is no pattern of a name",
                        variable=f"hardening_ssh_allow_{word}",
                        value=name,
                        remedy="see sshd_config(5), e.g. deploy or trader-*",
                    )
        for word, value in self.options.items():
            if not re.fullmatch(r"[A-Za-z0-9]+", word) or "\n" in value or word.lower() in ("match", "include"):
                raise UllError(
                    "an option of sshd is a keyword with a value of one line",
                    variable=f"hardening_ssh_options.{word}",
                    value=value,
                    remedy="see sshd_config(5), e.g. {ClientAliveInterval: '60'}",
                )
        if host.exists(MAIN) and not _INCLUDE.search(host.text(MAIN)):
            raise UllError(
                "sshd does not read /etc/ssh/sshd_config.d, so a drop-in would be without effect",
                variable=MAIN,
                remedy="put `Include /etc/ssh/sshd_config.d/*.conf` at its top",
            )
        effective = self._examine(host, login)
        if login.user and effective:
            self._lock_out(host, login, effective)

    def _examine(self, host: Host, login: Login) -> dict[str, list[str]]:
        """What sshd would do for that user: our lines before everything else, as the drop-in's name makes it."""
        who = f"user={login.user or 'root'},host={login.address or 'localhost'},addr={login.address or '127.0.0.1'}"
        argv = ["/usr/sbin/sshd", "-T", "-f", "{}", "-C", who]
        said = examine(host, argv, f"{self.render(host)}Include {MAIN}\n", "hardening_ssh_options")
        return parse(said)

    def _lock_out(self, host: Host, login: Login, effective: Mapping[str, list[str]]) -> None:
        user, groups = login.user, _groups(host, login.user)
        remedy = "connect as a user who may still log in, or put this one into the list"
        if user == "root" and effective.get("permitrootlogin", [""])[-1] == "no":
            raise _shut_out(user, "PermitRootLogin would be no", "hardening_ssh_root_login", remedy)
        for word, names in (("users", [user]), ("groups", groups)):
            allowed = effective.get(f"allow{word}", [])
            if allowed and not any(_matches(pattern, names) for pattern in allowed):
                raise _shut_out(user, f"{' '.join(allowed)} would be allowed", f"hardening_ssh_allow_{word}", remedy)
        others = ("authorizedkeyscommand", "trustedusercakeys", "authorizedprincipalsfile")
        if any(effective.get(word, ["none"])[-1] != "none" for word in others):
            return  # keys that are not in a file: sshd alone can tell
        if not _has_key(host, user, effective.get("authorizedkeysfile", [])):
            wrong = "no key could log in any more, and passwords are refused"
            raise _shut_out(user, wrong, "hardening_ssh", "install this user's public key first")


_LISTS = ("AllowUsers", "AllowGroups")


def _shut_out(user: str, why: str, variable: str, remedy: str) -> UllError:
    return UllError(f"{user}, who is connected, would be shut out: {why}", variable=variable, remedy=remedy)


def parse(said: str) -> dict[str, list[str]]:
    """``sshd -T``: keyword and values; keywords that repeat add up."""
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        word, _blank, value = line.partition(" ")
        found.setdefault(word.lower(), []).extend(value.split() or [""])
    return found


def files(ssh: Ssh | None, host: Host) -> UnitFiles:
    """The drop-in; sshd is reloaded, so that nobody's session ends. Debian's unit is ssh, Red Hat's sshd."""
    unit = "ssh.service" if host.exists("/usr/lib/systemd/system/ssh.service") else "sshd.service"
    content = ssh.render(host) if ssh else None
    return UnitFiles(f"{ROLE}-ssh", {DROP_IN: content}, refresh=(("systemctl", "try-reload-or-restart", unit),))


def ports(host: Host) -> list[int]:
    """The ports that sshd listens on."""
    said = parse(host.ask(["/usr/sbin/sshd", "-T"])).get("port", ["22"])
    return sorted({int(port) for port in said if port.isdigit()})


_ANSWERS: WeakKeyDictionary[Host, dict[str, str]] = WeakKeyDictionary()


def _asked(host: Host) -> str:
    """``sshd -T``, once for each content of our file: it is a dozen settings that look."""
    answers, content = _ANSWERS.setdefault(host, {}), host.text(DROP_IN)
    if content not in answers:
        answers[content] = host.ask(["/usr/sbin/sshd", "-T"])
    return answers[content]


def _setting(word: str, value: str) -> Setting:
    def effective(host: Host) -> str:
        said = _asked(host)
        if not said:  # a captured tree, or a package still to come
            found = re.findall(rf"^{word} (.*)$", host.text(DROP_IN), re.MULTILINE)
            return found[0] if found else ""
        now = " ".join(parse(said).get(word.lower(), []))
        now = _SAME.get(now, now)
        return value if now.lower() == value.lower() else now

    return Setting(
        name=f"{ROLE}.ssh.{word}",
        role=ROLE,
        impact=LIVE,
        declared=value,
        running=effective,
        persisted=effective,
        remedy=f"see which file sets {word}: `grep -ri {word} /etc/ssh`",
        doc=f"sshd: {word}",
        source="sshd_config(5); CIS Benchmark for Debian 12, section 5.1",
    )


def _matches(pattern: str, names: Sequence[str]) -> bool:
    """Whether a pattern allows one of the names; what stands behind an @ is a host, which sshd looks at."""
    return any(fnmatch.fnmatchcase(name, pattern.split("@", 1)[0]) for name in names)


def _groups(host: Host, user: str) -> list[str]:
    return host.ask(["id", "--groups", "--name", user]).split()


def _has_key(host: Host, user: str, patterns: Sequence[str]) -> bool:
    home = next(
        (line.split(":")[5] for line in host.text("/etc/passwd").splitlines() if line.startswith(f"{user}:")), ""
    )
    for pattern in patterns:
        path = pattern.replace("%h", home).replace("%u", user).replace("%%", "%")
        lines = host.text(path if path.startswith("/") else f"{home}/{path}").splitlines()
        if any(re.search(r"(^|\s)(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]", line) for line in lines):
            return True
    return False


def connected(host: Host, pid: int) -> Login:
    """Who is connected, out of the environment of the processes above this one: sudo keeps nothing of it in its child's."""
    for _step in range(32):
        status = host.text(f"/proc/{pid}/status")
        words = dict(item.split("=", 1) for item in host.text(f"/proc/{pid}/environ").split("\0") if "=" in item)
        ends = words.get("SSH_CONNECTION", "").split()
        if len(ends) == 4:
            user = words.get("SUDO_USER") or words.get("LOGNAME") or words.get("USER", "")
            return Login(user, ends[0], int(ends[3]))
        parent = re.search(r"^PPid:\s*(\d+)", status, re.MULTILINE)
        if not parent or int(parent[1]) <= 1:
            break
        pid = int(parent[1])
    return Login()
