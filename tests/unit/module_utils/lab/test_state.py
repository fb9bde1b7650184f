"""The state folder, and what counts as a process of the lab."""

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab import state


def start(marker):
    """A process that runs: right after its exec the kernel still shows an empty command line."""
    code = "import time; print(flush=True); time.sleep(60)"
    started = subprocess.Popen([sys.executable, "-c", code, marker], stdout=subprocess.PIPE)
    started.stdout.readline()
    return started


@pytest.fixture
def sleeper(tmp_path):
    marker = str(tmp_path / "pid")
    started = start(marker)
    yield started, marker
    started.kill()
    started.wait()


def process(tmp_path, pid, marker, program="python"):
    (tmp_path / "pid").write_text(f"{pid}\n")
    return state.Process(tmp_path / "pid", program, marker)


def test_process_is_known_by_pid_and_command_line(tmp_path, sleeper):
    started, marker = sleeper
    assert process(tmp_path, started.pid, marker).pid == started.pid


@pytest.mark.parametrize(("program", "marker"), [("qemu", None), ("python", "/elsewhere/pid")])
def test_another_process_with_that_pid_is_not_ours(tmp_path, sleeper, program, marker):
    started, own = sleeper
    stale = process(tmp_path, started.pid, marker or own, program)
    assert stale.pid == 0
    stale.kill()
    assert started.poll() is None


@pytest.mark.parametrize("content", ["", "x", "0", "1", "-1", "999999999"])
def test_pid_file_that_means_nothing(tmp_path, content):
    assert process(tmp_path, content, "x").pid == 0


def test_kill_and_wait(tmp_path):
    marker = str(tmp_path / "pid")
    started = start(marker)
    ours = process(tmp_path, started.pid, marker)
    assert not ours.wait(0.05)
    ours.kill()
    assert started.wait(5) == -9
    assert ours.wait(1)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a", "a" * 64, "a_b"])
def test_name_that_is_no_host_name(name):
    with pytest.raises(UllError, match="cannot name"):
        state.Lab("/lab").machine("vm", name)


@pytest.mark.parametrize("group", ["..", "../x", "/x", "a//b"])
def test_group_stays_below_the_state_folder(group):
    with pytest.raises(UllError, match="group"):
        state.Lab("/lab", group)


def test_relative_folder_is_refused():
    with pytest.raises(UllError, match="absolute"):
        state.Lab(".lab")


def test_machines_of_every_group(tmp_path):
    for group, name in (("", "lab1"), ("molecule/lab_vm", "srv")):
        folder = state.Lab(str(tmp_path), group).machine("vm", name)
        folder.mkdir(parents=True)
        state.write_json(folder / "machine.json", {"port": 1})
    assert [path.name for path in state.Lab(str(tmp_path)).every("vm")] == ["srv", "lab1"]


def test_json_broken_off_is_empty(tmp_path):
    path = tmp_path / "x.json"
    assert state.read_json(path) == {}
    path.write_text('{"a": ')
    assert state.read_json(path) == {}
    state.write_json(path, {"a": 1})
    assert state.read_json(path) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_lock_is_held_against_others(tmp_path):
    import fcntl

    lab = state.Lab(str(tmp_path / "lab"))
    with lab.lock("a/b"), (tmp_path / "lab/lock/a-b").open("a") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_failed_tool_speaks_for_itself(tmp_path):
    with pytest.raises(UllError, match="boom"):
        state.run(["sh", "-c", "echo boom >&2; exit 3"])
    log = tmp_path / "log"
    with pytest.raises(UllError, match=r"(?s)log.*boom"):
        state.run(["sh", "-c", "echo boom >&2; exit 3"], log=log)
    assert state.run(["sh", "-c", "echo fine"], log=log) == ""
    assert log.read_text() == "boom\nfine\n"
    assert state.run(["echo", "out"]) == "out\n"


def test_missing_tool_has_a_remedy():
    with pytest.raises(UllError, match="lab_host"):
        state.run(["no-such-tool"])


def test_tail_drops_control_characters(tmp_path):
    log = tmp_path / "console.log"
    log.write_bytes(b"a\n\x1b[2J\x1b[01;01Hb\x00\nc\n")
    assert state.tail(log, 2) == "b\nc"
    assert state.tail(tmp_path / "none", 2) == ""


MOUNTS = "36 35 98:0 / /lab/x.part/root/proc rw - proc proc rw\n37 35 98:0 / /lab/x.partial rw - proc proc rw\n"


def test_mounts_below():
    assert state.mounts_below(Path("/lab/x.part"), MOUNTS) == ["/lab/x.part/root/proc"]
    assert state.mounts_below(Path("/lab/y"), MOUNTS) == []


def test_tree_with_mounts_is_kept():
    with pytest.raises(UllError, match="holds mounts"):
        state.remove_tree(Path("/proc"))
