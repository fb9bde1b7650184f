# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from ansible_collections.ull.metal.plugins.module_utils.report.cpu_roles import ROLES, Partition

CPUS = {"online": "0-4", "housekeeping": "0", "isolated": "1-3", "tickless": "2-3"}


def letters(partition, cpus, online=True):
    return "".join(partition.role(cpu, online).letter for cpu in cpus)


def test_each_cpu_has_the_most_special_role():
    assert letters(Partition({"cpus": CPUS}), range(5)) == "HITT?"
    more = {**CPUS, "isolated": "1-4", "critical": "2", "idle": "3", "lcores": "2,4"}
    assert letters(Partition({"cpus": more}), range(5)) == "HICZD"
    assert letters(Partition({"cpus": CPUS}), [0], online=False) == "–"


def test_letters_tell_roles_apart_without_colour():
    assert len({role.letter for role in ROLES}) == len(ROLES)


def test_further_sets_are_kept_and_nonsense_is_not():
    partition = Partition({"cpus": {**CPUS, "irq": "0", "dpdk": "", "odd": "x", "more": 3}})
    assert list(partition.named) == ["housekeeping", "isolated", "tickless", "irq"]
