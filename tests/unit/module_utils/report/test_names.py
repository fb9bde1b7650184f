# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.report.names import count, fold, natural


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["b", "a"], "a, b"),
        ([f"engine{n}" for n in range(1, 41)], "engine1 … engine40"),
        (["engine1", "engine2"], "engine1, engine2"),
        (["rack1-engine08", "rack1-engine09", "rack1-engine10"], "rack1-engine08 … rack1-engine10"),
        (["e1.ld4", "e2.ld4", "e3.ld4", "e5.ld4"], "e1.ld4 … e3.ld4, e5.ld4"),
        (["e1.ld4", "e1.ld5", "e1.ld6"], "e1.ld4 … e1.ld6"),
        (["e1", "e1", "e2"], "e1, e2"),
        (["e09", "e9", "e10"], "e09, e9, e10"),
    ],
)
def test_fold(names, text):
    assert fold(names) == text


def test_fold_has_a_limit():
    assert fold(["a", "c", "e", "g"], 2) == "a, c and 2 more"


@given(st.lists(st.text()))
def test_any_names_can_be_folded(names):
    folded = fold(names)
    assert sorted(names, key=natural) is not None
    assert not names or min(names, key=natural) in folded


def test_count():
    assert [count(0, "host"), count(1, "host"), count(2, "host")] == ["0 hosts", "1 host", "2 hosts"]
