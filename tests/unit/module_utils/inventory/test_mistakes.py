# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mistakes that are made in inventories, each put into a copy of the shipped ones: it is named with its file and line.

A row is a file, what stands there, what is written instead, the finding, and a word of its message or remedy. The finding
must point at the first line of what was written that differs (or at ``line``, a text of the line, where another is meant).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from ansible_collections.ull.metal.plugins.module_utils.inventory.check import check_inventories, regions_below

ROOT = Path(__file__).resolve().parents[4]
EAST, STORES, HONGKONG, WEST = "us-east-1", "us-east-1/hosts.yml", "asia-east2/hosts.yml", "us-west-2"
FACTS = "us-east-1/group_vars/all.yml"


class Mistake(NamedTuple):
    """One mistake, and what is to be said of it."""

    name: str
    file: str
    before: str
    after: str
    kind: str
    word: str
    line: str = ""


NEW = ""  # the file is not there before: it is made, with what is written
MARKET = "use1-market-a1: {ansible_host: 10.0.1.11, ull_zone: us-east-1a}"
CONTROL = """    control_8:
      hosts:
        use1-control-a1: {ansible_host: 10.0.1.61, ull_zone: us-east-1a}
        use1-control-b1: {ansible_host: 10.0.2.61, ull_zone: us-east-1b}
        use1-control-c1: {ansible_host: 10.0.3.61, ull_zone: us-east-1c}
"""
ENGINES = "us-east-1/group_vars/order_engine.yml"
MISTAKES = [
    # the files themselves
    Mistake(
        "broken YAML", STORES, "market_data:\n", "market_data: [\n", "inventory-unreadable", "no YAML", "c7gn_16xlarge:"
    ),
    Mistake("a tab", FACTS, "  provider: aws", "\tprovider: aws", "inventory-unreadable", "no YAML"),
    Mistake(
        "hosts as a list",
        STORES,
        CONTROL,
        "    control_8:\n      hosts: [use1-control-a1, use1-control-b1]\n",
        "inventory-unreadable",
        "no dash",
    ),
    Mistake(
        "a group key misspelt",
        STORES,
        "  children:\n    control_8:",
        "  childern:\n    control_8:",
        "inventory-unknown-key",
        "did you mean 'children'?",
    ),
    Mistake(
        "a host said twice",
        STORES,
        MARKET,
        MARKET + "\n        " + MARKET,
        "inventory-key-twice",
        "use1-market-a1",
        MARKET,
    ),
    Mistake(
        "a variable said twice",
        FACTS,
        "  exchange_link: 10G",
        "  exchange_link: 10G\n  exchange_link: 25G",
        "inventory-key-twice",
        "exchange_link",
        "25G",
    ),
    # names
    Mistake("facts misspelt", FACTS, "ull_region:", "ull_regoin:", "variable-unknown", "did you mean 'ull_region'?"),
    Mistake("facts missing", FACTS, "ull_region:", "ull_known_variables:", "region-missing", "which region", "---"),
    Mistake(
        "a connection variable misspelt",
        STORES,
        "ansible_host: 10.0.1.11",
        "ansible_hots: 10.0.1.11",
        "variable-unknown",
        "'ansible_host'",
    ),
    Mistake(
        "a role's variable misspelt",
        FACTS,
        "ull_region:",
        "hugepages_stat: absent\null_region:",
        "variable-unknown",
        "'hugepages_state'",
    ),
    Mistake(
        "consent misspelt", FACTS, "ull_region:", "ull_rebot: allow\null_region:", "variable-unknown", "'ull_reboot'"
    ),
    Mistake(
        "a group's file misspelt",
        "us-east-1/group_vars/order_engin.yml",
        NEW,
        "ull_profile: {}\n",
        "group-vars-unused",
        "'order_engine'",
    ),
    Mistake(
        "a host's file misspelt",
        "us-east-1/host_vars/use1-market-a9.yml",
        NEW,
        "ull_zone: us-east-1a\n",
        "group-vars-unused",
        "'use1-market-a1'",
    ),
    Mistake(
        "a class profile that is never read",
        ENGINES,
        NEW,
        "ull_class_profile: {isolated: rest}\n",
        "variable-without-effect",
        "ull_profile",
    ),
    # the facts of a region
    Mistake("a fact misspelt", FACTS, "  zones:", "  zoens:", "region-unknown-key", "did you mean 'zones'?"),
    Mistake("a fact missing", FACTS, "  provider: aws\n", "", "region-bad-value", "provider is missing", "ull_region:"),
    Mistake(
        "a provider that is none", FACTS, "provider: aws", "provider: awss", "region-bad-value", "did you mean 'aws'?"
    ),
    Mistake("another region's name", FACTS, "name: us-east-1", "name: us-east-2", "region-name", "us-east-1"),
    Mistake(
        "a budget as a text",
        FACTS,
        "exchange_budget_ns: 10000",
        "exchange_budget_ns: 10us",
        "region-bad-value",
        "whole number",
    ),
    Mistake(
        "no budget",
        FACTS,
        "  exchange_budget_ns: 10000               # one way\n",
        "",
        "budget-missing",
        "exchange_budget_ns",
        "exchanges: [NYSE",
    ),
    Mistake("no link", FACTS, "  exchange_link: 10G\n", "", "budget-missing", "exchange_link", "exchanges: [NYSE"),
    Mistake(
        "two zones",
        FACTS,
        "zones: [us-east-1a, us-east-1b, us-east-1c]",
        "zones: [us-east-1a, us-east-1b]",
        "zone-spread",
        "three",
    ),
    Mistake("hours without quotes", FACTS, 'to: "12:00"', "to: 12:00", "region-bad-value", "quotes"),
    Mistake(
        "maintenance while the region trades",
        FACTS,
        'days: [sat], from: "06:00"',
        'days: [fri], from: "06:00"',
        "window-in-trading",
        "fri",
    ),
    Mistake(
        "one clock",
        FACTS,
        "ntp: [169.254.169.123, time.aws.com]      # both smear leap seconds; others must not be mixed in\n    ptp: phc ",
        "ntp: [169.254.169.123]\n    ptp: none",
        "time-sources-few",
        "NTP",
    ),
    Mistake("a cost centre as a number", FACTS, 'CostCenter: "4100"', "CostCenter: 4100", "region-bad-value", "quotes"),
    Mistake(
        "recovers what is not there",
        "us-west-2/group_vars/all.yml",
        "recovers: us-east-1",
        "recovers: us-eest-1",
        "region-bad-value",
        "us-east-1",
    ),
    # addresses
    Mistake("host bits in the VPC", FACTS, "vpc: 10.0.0.0/16", "vpc: 10.0.1.0/16", "address-bad", "10.0.0.0/16"),
    Mistake("a VPC that is no network", FACTS, "vpc: 10.0.0.0/16", "vpc: 10.0.0.0/33", "address-bad", "10.0.0.0/33"),
    Mistake("another region's VPC", FACTS, "vpc: 10.0.0.0/16", "vpc: 10.1.0.0/16", "address-overlap", "us-east-2"),
    Mistake(
        "a VPC that holds the pods",
        FACTS,
        "vpc: 10.0.0.0/16",
        "vpc: 10.244.0.0/16",
        "address-overlap",
        "pods",
        "vpc: 10.244",
    ),
    Mistake(
        "pods over services",
        FACTS,
        "vpc: 10.0.0.0/16",
        "vpc: 10.0.0.0/16\n    pods: 10.100.128.0/17",
        "address-overlap",
        "services",
        "pods: 10.100",
    ),
    Mistake(
        "services in another region's VPC",
        FACTS,
        "vpc: 10.0.0.0/16",
        "vpc: 10.0.0.0/16\n    services: 10.3.0.0/20",
        "address-overlap",
        "ap-northeast-1",
        "services: 10.3",
    ),
    Mistake(
        "a peer within the VPC", FACTS, "cidr: 203.0.113.16/28", "cidr: 10.0.200.0/24", "address-overlap", "NASDAQ"
    ),
    Mistake(
        "a peer of another region", FACTS, "cidr: 203.0.113.16/28", "cidr: 203.0.113.64/28", "address-overlap", "LSE"
    ),
    Mistake(
        "tiers on one subnet",
        FACTS,
        "vpc: 10.0.0.0/16",
        "vpc: 10.0.0.0/16\n    first: {database: 2}",
        "address-overlap",
        "database",
        "first:",
    ),
    Mistake("subnets beyond the VPC", FACTS, "vpc: 10.0.0.0/16", "vpc: 10.0.0.0/18", "address-bad", "beyond"),
    Mistake(
        "an address twice",
        STORES,
        "10.0.2.11, ull_zone: us-east-1b",
        "10.0.1.11, ull_zone: us-east-1a",
        "address-twice",
        "use1-market-a1",
    ),
    Mistake(
        "an address of another region",
        STORES,
        "ansible_host: 10.0.1.11",
        "ansible_host: 10.1.1.11",
        "address-outside",
        "10.0.1.0/24",
    ),
    Mistake(
        "an address of another zone",
        STORES,
        "ansible_host: 10.0.1.11",
        "ansible_host: 10.0.2.111",
        "address-outside",
        "10.0.1.0/24",
    ),
    Mistake(
        "a store beside the engines",
        STORES,
        "ansible_host: 10.0.11.11",
        "ansible_host: 10.0.1.99",
        "address-outside",
        "database",
    ),
    Mistake(
        "the router's address", STORES, "ansible_host: 10.0.1.11", "ansible_host: 10.0.1.1", "address-kept", "provider"
    ),
    Mistake(
        "no address of this world",
        STORES,
        "ansible_host: 10.0.1.11",
        "ansible_host: 10.0.1.311",
        "address-bad",
        "no address",
    ),
    Mistake("no address at all", STORES, "ansible_host: 10.0.1.11, ", "", "address-missing", "use1-market-a1"),
    Mistake("a MAC twice", HONGKONG, "02:00:5e:04:11:02", "02:00:5e:04:11:01", "mac-twice", "hkg1-market-a1"),
    Mistake(
        "a MAC of another region",
        HONGKONG,
        "02:00:5e:04:11:02",
        "02:00:5E:05:11:02",
        "mac-twice",
        "sin1-market-b1",
        "hkg1-market-b1",
    ),
    Mistake("a MAC of five bytes", HONGKONG, "02:00:5e:04:11:02", "02:00:5e:04:11", "mac-bad", "six bytes"),
    Mistake("a MAC of a group", HONGKONG, "02:00:5e:04:11:02", "03:00:5e:04:11:02", "mac-bad", "even"),
    Mistake("a MAC without quotes", HONGKONG, '"02:00:5e:04:11:02"', "12:00:55:04:11:02", "mac-bad", "quotes"),
    # hosts and classes
    Mistake("a host's name twice", STORES, "use1-market-a1:", "hkg1-market-a1:", "name-twice", "asia-east2"),
    Mistake(
        "two classes",
        STORES,
        "worker:\n  children:\n",
        "worker:\n  hosts: {use1-market-a1: }\n  children:\n",
        "host-in-two-classes",
        "market_data",
        "hosts: {use1",
    ),
    Mistake("a class misspelt", STORES, "market_data:", "market_dat:", "host-without-class", "'market_data'"),
    Mistake(
        "a class without hosts",
        STORES,
        "control_plane:\n  children:\n" + CONTROL,
        "control_plane:\n",
        "class-missing",
        "control_plane",
        "control_plane:",
    ),
    Mistake(
        "a class that is none",
        FACTS,
        "  zones:",
        "  classes: [market_data, order_engines]\n  zones:",
        "class-missing",
        "'order_engine'",
        "ull_region:",
    ),
    Mistake(
        "a machine type misspelt",
        "asia-east2/group_vars/risk_engine.yml",
        "store-2x24",
        "store-2x42",
        "machine-unknown",
        "'store-2x24'",
    ),
    Mistake(
        "no machine type",
        STORES,
        "    c7gn_16xlarge:",
        "    c7gn_xlarge16:",
        "machine-missing",
        "use1-market-a1",
        MARKET,
    ),
    Mistake("a zone misspelt", STORES, "ull_zone: us-east-1a", "ull_zone: us-eest-1a", "zone-unknown", "'us-east-1a'"),
    Mistake("no zone", STORES, ", ull_zone: us-east-1a}", "}", "zone-missing", "use1-market-a1"),
    Mistake(
        "all in two zones",
        STORES,
        "10.0.2.11, ull_zone: us-east-1b",
        "10.0.1.12, ull_zone: us-east-1a",
        "zone-spread",
        "us-east-1a 2",
        "market_data:",
    ),
    Mistake(
        "a control plane of two",
        STORES,
        "        use1-control-c1: {ansible_host: 10.0.3.61, ull_zone: us-east-1c}\n",
        "",
        "quorum-lost",
        "3 or 5",
        "control_plane:",
    ),
    Mistake(
        "a majority in one zone",
        STORES,
        "10.0.2.61, ull_zone: us-east-1b",
        "10.0.1.62, ull_zone: us-east-1a",
        "quorum-lost",
        "us-east-1a",
        "control_plane:",
    ),
    Mistake(
        "a recovery with fewer hosts",
        "us-west-2/hosts.yml",
        "        usw2-risk-c1: {ansible_host: 10.6.3.31, ull_zone: us-west-2c}\n",
        "",
        "recovery-short",
        "risk_engine",
        "risk_engine:",
    ),
    # profiles
    Mistake(
        "a profile's word misspelt",
        ENGINES,
        NEW,
        "ull_profile:\n  housekeping: 1 core per node\n",
        "profile-unknown-key",
        "'housekeeping'",
        "housekeping",
    ),
    Mistake(
        "a word within it misspelt",
        ENGINES,
        NEW,
        "ull_profile:\n  nics:\n    trading: {driver: ena, mtuu: 9000}\n",
        "profile-unknown-key",
        "'mtu'",
        "mtuu",
    ),
    Mistake(
        "a NIC that the profile does not have",
        ENGINES,
        NEW,
        "ull_profile:\n  critical: 8 cores near nic tradng\n",
        "nic-not-found",
        "'trading'",
        "critical:",
    ),
    Mistake(
        "pages that do not add up",
        ENGINES,
        NEW,
        "ull_profile:\n  hugepages:\n    - {size: 1G, amount: 512 MiB, where: each node}\n",
        "profile-bad-value",
        "multiple",
        "512",
    ),
    Mistake(
        "a looser budget",
        ENGINES,
        NEW,
        "ull_profile:\n  latency_budget_ns: 5000\n",
        "budget-loosened",
        "1000",
        "latency",
    ),
    # secrets
    Mistake(
        "a password",
        FACTS,
        "ull_region:",
        "ansible_become_password: hunter2\null_region:",
        "secret-plain",
        "ansible-vault",
    ),
    Mistake(
        "a password of a service",
        FACTS,
        "ull_region:",
        "ull_known_variables: [redis_*]\nredis_password: hunter2\null_region:",
        "secret-plain",
        "ansible-vault",
        "hunter2",
    ),
    Mistake(
        "a cloud key under another name",
        FACTS,
        "ull_region:",
        "ull_known_variables: [deploy]\ndeploy: {id: AKIAIOSFODNN7EXAMPLE}\null_region:",
        "secret-plain",
        "AWS",
        "AKIA",
    ),
    Mistake(
        "a private key",
        STORES,
        MARKET,
        MARKET[:-1] + ', ansible_ssh_private_key: "-----BEGIN OPENSSH PRIVATE KEY-----"}',
        "secret-plain",
        "private key",
    ),
    Mistake(
        "a password in an address",
        FACTS,
        "ull_region:",
        "ull_known_variables: [proxy]\nproxy: http://me:hunter2@proxy.example\null_region:",
        "secret-plain",
        "address",
        "hunter2",
    ),
]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The inventories as they are shipped, without the lab."""
    copy = tmp_path_factory.mktemp("shipped") / "inventories"
    for folder in regions_below(ROOT / "inventories"):
        shutil.copytree(folder, copy / folder.name)
    return copy


def check(folder: Path) -> list[dict]:
    found = check_inventories(regions_below(folder), ROOT / "playbooks", "2026-11-21")
    return [finding for own in found.values() for finding in own]


def test_the_shipped_inventories_are_without_mistakes(shipped):
    assert check(shipped) == []
    assert len(regions_below(shipped)) == 7


def test_the_list_is_long_and_no_mistake_is_in_it_twice():
    assert len(MISTAKES) >= 30
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name.replace(" ", "-"))
def test_a_mistake_is_named_with_file_and_line(mistake, shipped, tmp_path, monkeypatch):
    folder = tmp_path / "inventories"
    shutil.copytree(shipped, folder)
    monkeypatch.chdir(tmp_path)
    path = folder / mistake.file
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    assert mistake.before in before
    after = before.replace(mistake.before, mistake.after, 1) if mistake.before else mistake.after
    path.write_text(after, encoding="utf-8")
    line = _line(before, after, mistake.line)
    found = [finding for finding in check(folder) if finding["id"] == mistake.kind]
    told = [f"{each['path']} {each['message']} {each['remedy']}" for each in found]
    assert any(each.startswith(f"inventories/{mistake.file}:{line}") and mistake.word in each for each in told), told
    assert all(each["remedy"] and each["host"] for each in found)
    assert "hunter2" not in str(found)


def _line(before: str, after: str, text: str) -> int:
    """The line of a text (the last one that has it), or the first that differs."""
    lines = after.splitlines()
    if text:
        return max(number for number, line in enumerate(lines, 1) if text in line)
    old = before.splitlines()
    return next(number for number, line in enumerate(lines, 1) if number > len(old) or line != old[number - 1])
