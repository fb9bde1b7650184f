# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the lab's images, beside their place, and renames them into it when they are whole."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from ..errors import UllError
from . import access, disk, image
from .disk import write_disk
from .image import (
    CONTAINER,
    CONTAINER_MASKED,
    DISABLED_UNITS,
    GRUB_PROBE,
    KERNEL_ARGUMENTS,
    QUIET_UNITS,
    VM,
    Spec,
    files,
    mirrors,
    mmdebstrap_argv,
    newest_stock_kernel,
    partuuid,
    proxies,
)
from .state import Lab, read_json, remove_tree, run


class Builder:
    """Makes the image of a spec, in ``folder``.

    Args:
        lab: where it is cached.
        spec: what it is made of.
        mirror: apt lines to use instead of the machine's own.
    """

    def __init__(self, lab: Lab, spec: Spec, mirror: list[str]) -> None:
        self.lab = lab
        self.spec = spec
        self.mirror = mirror
        self.log = lab.images / f"{spec.kind}.log"
        self.path = lab.images / (f"vm-{spec.key}.qcow2" if spec.kind == VM else f"container-{spec.key}")

    @property
    def current(self) -> Path:
        """The name under which machines find the newest image of its kind."""
        return self.lab.images / ("vm.qcow2" if self.spec.kind == VM else CONTAINER)

    @property
    def present(self) -> bool:
        """Whether it is built and is what machines find."""
        return self.path.exists() and self.current.exists() and self.current.resolve() == self.path.resolve()

    def build(self) -> float:
        """Make it, unless another run has in the meantime; how many seconds it took."""
        started = time.monotonic()
        self.lab.make(self.lab.images)
        with self.lab.lock(f"image-{self.spec.kind}"):
            if not self.path.exists():
                self._preflight()
                work = self.lab.images / f".{self.path.name}.part"
                remove_tree(work)
                work.mkdir(mode=0o755)
                try:
                    self._make(work)
                finally:
                    remove_tree(work)
            link = self.current.with_name(f".{self.current.name}.link")
            link.unlink(missing_ok=True)
            link.symlink_to(self.path.name)
            link.replace(self.current)
            self.lab.own(self.current)
            self._prune()
        return time.monotonic() - started

    def _preflight(self) -> None:
        if os.geteuid() != 0:
            raise UllError("an image is built as root", remedy="run the role with become, or as root")
        free = shutil.disk_usage(self.lab.images).free >> 30
        if free < 5:
            raise UllError(
                f"{self.lab.images} has {free} GiB free; building an image takes 5",
                variable="lab_dir",
                value=str(self.lab.folder),
                remedy="free some, or set lab_dir to another file system",
            )

    def _make(self, work: Path) -> None:
        root = work / "root"
        self.log.write_text("")
        self.lab.own(self.log)
        run(mmdebstrap_argv(self.spec, root, self.mirror or self._host_mirrors(), self._proxies()), log=self.log)
        kernel = self._configure(root)
        if self.spec.kind == CONTAINER:
            root.replace(self.path)
            return
        self._grub(root, kernel)
        write_disk(
            root,
            work / "disk.raw",
            size_gib=self.spec.size_gib,
            uuid=self.spec.uuid,
            label=self.spec.key,
            log=self.log,
        )
        disk = work / "disk.qcow2"
        form = ["-O", "qcow2", "-c", "-o", "compression_type=zstd"]
        run(["qemu-img", "convert", *form, str(work / "disk.raw"), str(disk)], log=self.log)
        self.lab.own(disk)
        disk.chmod(0o444)
        disk.replace(self.path)

    def _host_mirrors(self) -> list[str]:
        form = ["--format", "$(REPO_URI) $(RELEASE) $(LABEL)"]
        wanted = ["Created-By: Packages", "Origin: Debian", "Component: main"]
        try:
            return mirrors(run(["apt-get", "indextargets", *form, *wanted]), self.spec.suite)
        except UllError:  # no apt here: mmdebstrap knows where Debian is
            return []

    @staticmethod
    def _proxies() -> list[str]:
        try:
            return proxies(run(["apt-config", "dump"]))
        except UllError:
            return []

    def _configure(self, root: Path) -> str:
        kernel = newest_stock_kernel(os.listdir(root / "boot")) if self.spec.kind == VM else ""  # noqa: PTH208
        content = files(self.spec, kernel)
        if self.spec.kind == VM:
            content["/etc/fstab"] = f"UUID={self.spec.uuid} / ext4 errors=remount-ro 0 1\n"
            journal = root / "var/log/journal"
            journal.mkdir(exist_ok=True)
        for path, text in content.items():
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_symlink():
                target.unlink()
            target.write_text(text)
        for key in (root / "etc/ssh").glob("ssh_host_*"):
            key.unlink()
        private = self.lab.folder / access.HOST_KEY
        for name in (access.HOST_KEY, f"{access.HOST_KEY}.pub"):
            shutil.copyfile(private.with_name(name), root / "etc/ssh" / name)
        (root / "etc/ssh" / access.HOST_KEY).chmod(0o600)
        (root / "root/.ssh").chmod(0o700)
        (root / "root/.ssh/authorized_keys").chmod(0o600)
        (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)
        self._units(root)
        # as systemd-update-done does, or the first boot rebuilds caches in /etc
        for stamp in ("etc/.updated", "var/.updated"):
            (root / stamp).write_text("# made with the lab's image\n")
        # else apt believes that its empty lists are fresh
        os.utime(root / "var/lib/apt/lists", (0, 0))
        return kernel

    def _units(self, root: Path) -> None:
        masked = QUIET_UNITS + (CONTAINER_MASKED if self.spec.kind == CONTAINER else ())
        units = root / "etc/systemd/system"
        for unit in masked:
            link = units / unit
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        if self.spec.kind == VM:  # finds no vsock and says so on the console
            generators = root / "etc/systemd/system-generators"
            generators.mkdir(exist_ok=True)
            (generators / "systemd-ssh-generator").symlink_to("/dev/null")
        there = {path.name for path in (root / "usr/lib/systemd/system").iterdir()}
        run(
            ["systemctl", f"--root={root}", "--quiet", "enable", "systemd-networkd.service", "ssh.service"],
            log=self.log,
        )
        unwanted = [unit for unit in DISABLED_UNITS if unit in there]
        if unwanted:
            run(["systemctl", f"--root={root}", "--quiet", "disable", *unwanted], log=self.log)

    def _grub(self, root: Path, kernel: str) -> None:
        grub = root / "boot/grub"
        modules = grub / "i386-pc"
        modules.mkdir(parents=True, exist_ok=True)
        for source in (root / "usr/lib/grub/i386-pc").iterdir():
            if source.suffix in (".mod", ".lst", ".img"):
                shutil.copy2(source, modules)
        chroot = ["chroot", str(root)]
        prefix = "(hd0,msdos1)/boot/grub"
        drivers = ["biosdisk", "part_msdos", "ext2", "normal", "search"]
        output = "/boot/grub/i386-pc/core.img"
        run([*chroot, "grub-mkimage", "-O", "i386-pc", "-o", output, "-p", prefix, *drivers], log=self.log)
        run([*chroot, "grub-editenv", "/boot/grub/grubenv", "create"], log=self.log)
        probe, aside = root / "usr/sbin/grub-probe", root / "usr/sbin/grub-probe.real"
        by_uuid = root / "dev/disk/by-uuid"
        probe.rename(aside)
        try:
            probe.write_text(GRUB_PROBE.format(uuid=self.spec.uuid, partuuid=partuuid(self.spec.key)))
            probe.chmod(0o755)
            by_uuid.mkdir(parents=True)
            (by_uuid / self.spec.uuid).touch()
            run([*chroot, "grub-mkconfig", "-o", "/boot/grub/grub.cfg"], log=self.log)
        finally:
            aside.replace(probe)
            shutil.rmtree(root / "dev/disk", ignore_errors=True)
        if f"vmlinuz-{kernel} root=UUID={self.spec.uuid} ro {KERNEL_ARGUMENTS}" not in (grub / "grub.cfg").read_text():
            raise UllError(f"grub-mkconfig has written no entry for {kernel}; see {self.log}")

    def _prune(self) -> None:
        """Remove images of this kind that nothing refers to any more."""
        used = {self.path.name}
        for folder in self.lab.every(self.spec.kind):
            used.add(Path(str(read_json(folder / "machine.json").get("image", ""))).name)
        for state in self.lab.images.glob("booted-*/machine.json"):
            if str(read_json(state).get("image", "")).endswith(f"/{self.path.name}"):
                used.add(state.parent.name)
        pattern = "vm-*.qcow2" if self.spec.kind == VM else "container-*"
        for path in [
            *self.lab.images.glob(pattern),
            *(self.lab.images.glob("booted-*") if self.spec.kind == VM else ()),
        ]:
            if path.name in used or path.name in self._bases():
                continue
            with contextlib.suppress(OSError):
                remove_tree(path) if path.is_dir() else path.unlink()

    def _bases(self) -> set[str]:
        return {Path(str(read_json(folder / "machine.json").get("snapshot", ""))).name for folder in self.lab.every(VM)}


def recipe() -> str:
    """Stands for the code that makes images: another code, another image."""
    rooms = (image, disk, sys.modules[__name__])
    return hashlib.sha256("".join(inspect.getsource(room) for room in rooms).encode()).hexdigest()


def spec_of(lab: Lab, kind: str, suite: str, packages: list[str], size_gib: int) -> Spec:
    """A spec with the lab's keys, which must be there."""
    return Spec(
        kind=kind,
        suite=suite,
        packages=tuple(sorted(set(packages))),
        size_gib=size_gib,
        login_key=access.public(lab, access.LOGIN_KEY),
        host_key=access.public(lab, access.HOST_KEY),
        recipe=recipe(),
    )


def describe(builder: Builder) -> dict[str, Any]:
    """What a run reports about an image."""
    return {
        "kind": builder.spec.kind,
        "key": builder.spec.key,
        "path": str(builder.path),
        "log": str(builder.log),
        "present": builder.present,
    }
