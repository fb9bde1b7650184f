# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import contents, debian

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.hugepages import (
    COMPACT,
    TMPFILES,
    Hugepages,
    Pool,
    boot_args,
    counts,
    findings,
    render,
)
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

G, M = 1 << 30, 1 << 20
SMALL = "/sys/devices/system/node/node0/hugepages/hugepages-2048kB"


def pool(node: int, size: str, pages: int) -> dict:
    return {"node": node, "size": size, "pages": pages}


def statuses(outcome) -> dict[str, str]:
    return {state.name: state.status for state in outcome.states}


def kinds(pools: list[Pool], host) -> list[str]:
    return [finding.id for finding in findings(pools, read_topology(host))]


# -- what is wrong with a declaration


@pytest.mark.parametrize(
    ("pools", "found"),
    [
        ([Pool(0, G, 16), Pool(1, 2 * M, 512)], []),
        ([Pool(0, G, 31)], []),
        ([Pool(0, G, 32)], ["hugepages-crowd-node"]),
        ([Pool(0, G, 31), Pool(0, 2 * M, 1)], ["hugepages-crowd-node"]),
        ([Pool(0, G, 33)], ["hugepages-exceed-node"]),
        ([Pool(0, G, 20), Pool(0, 2 * M, 20 * 512)], ["hugepages-exceed-node"]),
        ([Pool(0, 64 << 10, 1)], ["hugepages-size-missing"]),
        ([Pool(0, 3 * M, 1)], ["hugepages-size-missing"]),
        ([Pool(7, G, 1)], ["hugepages-node-missing"]),
    ],
)
def test_findings(tmp_path, pools, found):
    assert kinds(pools, debian(tmp_path)) == found


def test_the_remedy_of_too_many_pages_fits(tmp_path):
    topology = read_topology(debian(tmp_path))
    (finding,) = findings([Pool(0, G, 40), Pool(0, 2 * M, 512)], topology)
    assert "node 0" in finding.message
    assert "32 GiB" in finding.message
    assert finding.remedy.startswith("at most 30 pages of 1G")
    assert findings([Pool(0, G, 30), Pool(0, 2 * M, 512)], topology) == []


def test_a_node_of_cpus_alone_has_no_pages(tmp_path):
    host = debian(tmp_path, nodes={0: 32, 1: 0})
    (finding,) = findings([Pool(1, G, 1)], read_topology(host))
    assert (finding.id, finding.remedy) == ("hugepages-node-missing", "use one of nodes 0")


@pytest.mark.parametrize(
    ("kernel", "found"),
    [("5.15.0-91-generic", ["hugepages-kernel-old"]), ("5.16.0", []), ("6.1", []), ("unknown", [])],
)
def test_pages_per_node_at_boot_need_a_kernel_that_knows_them(tmp_path, kernel, found):
    host = debian(tmp_path, kernel=kernel)
    assert kinds([Pool(0, G, 1)], host) == found
    assert kinds([Pool(0, 2 * M, 1)], host) == []


@pytest.mark.parametrize(
    ("pools", "words"),
    [
        ([pool(0, "1G", 33)], r"33 GiB .* node 0.*32 GiB.*hugepages-exceed-node.*Remedy: at most 31 pages of 1G"),
        ([pool(5, "1G", 1)], r"node 5.*hugepages-node-missing.*Remedy: use one of nodes 0, 1"),
        ([pool(0, "16M", 1)], r"16M on node 0.*no 16M pages.*Remedy: use 2M, 1G"),
        ([pool(0, "2 M B", 1)], r"hugepages_pools\[0\].size = '2 M B'.*not a size"),
        ([pool(0, "2M", -1)], r"hugepages_pools\[0\].*below zero"),
        ([pool(-1, "2M", 1)], r"hugepages_pools\[0\].*below zero"),
        ([pool(0, "0", 1)], r"hugepages_pools\[0\].*below zero"),
        ([{"node": 0, "size": "2M"}], r"hugepages_pools\[0\].*has node, size and pages.*Remedy"),
        ([pool(0, "2M", 1), pool(0, "2048K", 2)], r"hugepages_pools\[1\].*two pools of 2M.*Remedy"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(tmp_path, pools, words):
    host = debian(tmp_path)
    before = contents(host)
    with pytest.raises(UllError, match=words):
        converge(Hugepages(pools), host, False)
    assert contents(host) == before


# -- what the kernel grants


def test_the_kernel_grants_less(tmp_path):
    host = debian(tmp_path)
    host.most[0, 2048] = 100
    with pytest.raises(UllError, match=r"hugepages.node0.2M = '256': the kernel granted '100'. Remedy: ask for less"):
        converge(Hugepages([pool(0, "2M", 256)]), host, False)
    assert host.read(COMPACT) == "1", "it was not asked to compact its memory"


def test_after_compaction_the_kernel_grants_the_rest(tmp_path, monkeypatch):
    host = debian(tmp_path)
    host.most[0, 2048] = 100
    poke = host.poke

    def compacting(path, value):
        if path == COMPACT:
            host.most.clear()
        poke(path, value)

    monkeypatch.setattr(host, "poke", compacting)
    outcome = converge(Hugepages([pool(0, "2M", 256)]), host, False)
    assert statuses(outcome) == {"hugepages.node0.2M": "in_sync"}


def test_a_kernel_that_cannot_compact(tmp_path):
    host = debian(tmp_path)
    host.path(COMPACT).unlink()
    host.most[0, 2048] = 100
    with pytest.raises(UllError, match="the kernel granted '100'"):
        converge(Hugepages([pool(0, "2M", 256)]), host, False)
    assert not host.exists(COMPACT)


def test_pages_in_use_are_not_taken_away(tmp_path):
    host = debian(tmp_path)
    converge(Hugepages([pool(0, "2M", 256)]), host, False)
    host.used[0, 2048] = 40
    host.poke(f"{SMALL}/nr_hugepages", "256")
    for pools in ([pool(0, "2M", 39)], [], [pool(1, "2M", 1)]):
        before = contents(host)
        with pytest.raises(UllError, match=r"2M on node 0.*40 pages are in use.*Remedy"):
            converge(Hugepages(pools), host, False)
        assert contents(host) == before
    converge(Hugepages([pool(0, "2M", 40)]), host, False)


def test_a_pool_that_was_there_before_returns_to_its_size(tmp_path):
    host = debian(tmp_path, extra={f"{SMALL}/nr_hugepages": "10", f"{SMALL}/free_hugepages": "10"})
    converge(Hugepages([pool(0, "2M", 256), pool(1, "2M", 4)]), host, False)
    outcome = converge(Hugepages([pool(1, "2M", 4)]), host, False)
    assert host.read(f"{SMALL}/nr_hugepages") == "10"
    assert statuses(outcome) == {"hugepages.node1.2M": "in_sync", "hugepages.node0.2M": "in_sync"}


# -- what is written


def test_gigantic_pages_wait_for_the_boot_and_small_ones_do_not(tmp_path):
    host = debian(tmp_path)
    outcome = converge(Hugepages([pool(1, "1G", 4), pool(0, "2M", 256)]), host, False)
    assert statuses(outcome) == {
        "boot_args.hugepages": "pending_reboot",
        "hugepages.node1.1G": "pending_reboot",
        "hugepages.node0.2M": "in_sync",
    }
    assert host.text(TMPFILES).splitlines()[1:] == [f"w! {SMALL}/nr_hugepages - - - - 256"]
    assert host.text(TMPFILES).startswith("# Managed by Ansible")


@pytest.mark.parametrize(
    ("pools", "tokens"),
    [
        ([], []),
        ([Pool(0, 2 * M, 5)], []),
        ([Pool(0, G, 0)], []),
        ([Pool(4, G, 2), Pool(0, G, 1), Pool(2, 2 * M, 1)], ["hugepagesz=1G", "hugepages=0:1,4:2"]),
        # a size's count follows it
        (
            [Pool(0, G, 1), Pool(0, 16 * G, 2)],
            ["hugepagesz=16G", "hugepages=0:2", "hugepagesz=1G", "hugepages=0:1"],
        ),
    ],
)
def test_kernel_arguments(pools, tokens):
    assert boot_args(pools) == tokens


POOLS = st.dictionaries(st.tuples(st.integers(0, 9), st.sampled_from([G, 16 * G])), st.integers(1, 99))


@given(POOLS)
def test_kernel_arguments_are_read_as_they_were_written(pools):
    assert counts(boot_args([Pool(node, size, pages) for (node, size), pages in pools.items()])) == pools


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (["hugepages=4"], {}),
        (["hugepages=0:4"], {(0, 2 * M): 4}),
        (["default_hugepagesz=1G", "hugepages=0:4"], {(0, G): 4}),
        (["hugepagesz=1G", "hugepages=0:x,1:2,"], {(1, G): 2}),
    ],
)
def test_kernel_arguments_of_others(tokens, found):
    assert counts(tokens) == found


def test_nothing_to_render():
    assert render([Pool(0, G, 4)]) is None


def test_sparse_nodes(tmp_path):
    host = debian(tmp_path, nodes={0: 16, 4: 16, 17: 8})
    domain = Hugepages([pool(17, "1G", 2), pool(4, "1G", 3), pool(17, "2M", 8)])
    converge(domain, host, False)
    host.boot()
    outcome = converge(domain, host, False)
    assert set(statuses(outcome).values()) == {"in_sync"}
    assert host.read("/sys/devices/system/node/node17/hugepages/hugepages-1048576kB/nr_hugepages") == "2"
