# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.boot import cmdline
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError

WORDS = st.text("abcxyz019_-.,:/@", min_size=1, max_size=8)
TOKENS = st.lists(
    st.one_of(WORDS, st.builds("{}={}".format, WORDS, WORDS), st.builds('{}="{} {}"'.format, *[WORDS] * 3))
)


@given(TOKENS, st.sampled_from([" ", "  ", "\t", " \n"]))
def test_split_finds_the_tokens_whatever_stands_between(tokens, space):
    assert cmdline.split(space.join(tokens)) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  quiet  ", ["quiet"]),
        ('dyndbg="file ec.c +p" quiet', ['dyndbg="file ec.c +p"', "quiet"]),
        ('"dyndbg=file ec.c +p" quiet', ['"dyndbg=file ec.c +p"', "quiet"]),
        # the kernel takes a quote that is not closed to the end
        ('a="b c d', ['a="b c d']),
        ("root=UUID=1-2", ["root=UUID=1-2"]),
    ],
)
def test_split(text, tokens):
    assert cmdline.split(text) == tokens


@pytest.mark.parametrize(
    ("token", "key", "value"),
    [
        ("nohz-full=1-3", "nohz_full", "1-3"),
        ("root=UUID=1-2", "root", "UUID=1-2"),
        ("quiet", "quiet", ""),
        ("modprobe.blacklist=a-b", "modprobe.blacklist", "a-b"),
        ("empty=", "empty", ""),
    ],
)
def test_key_and_value(token, key, value):
    assert (cmdline.key(token), cmdline.value(token)) == (key, value)


def test_dashes_and_underscores_are_the_same_in_keys_not_in_values():
    assert cmdline.same("nohz-full=1-3", "nohz_full=1-3")
    assert not cmdline.same("nohz_full=1-3", "nohz_full=1_3")


def test_the_last_of_a_key_counts():
    assert cmdline.lookup(["isolcpus=1", "quiet", "isolcpus=2"], "isolcpus") == "2"
    assert cmdline.lookup(["quiet"], "isolcpus") is None
    assert cmdline.effective(["isolcpus=1", "isolcpus=2"], ["isolcpus=1"]) == "isolcpus=2"


def test_hugepage_keys_are_one_group_and_keep_their_order():
    tokens = ["hugepagesz=1G", "hugepages=0:1", "quiet", "hugepagesz=2M", "hugepages=5", "default_hugepagesz=1G"]
    group = [*tokens[:2], *tokens[3:]]
    assert cmdline.by_name(tokens) == {"hugepages": group, "quiet": ["quiet"]}
    assert cmdline.effective(group, []) == " ".join(group)


@pytest.mark.parametrize(
    ("found", "wanted", "effective"),
    [
        (["console=tty0", "console=ttyS0"], ["console=ttyS0"], "console=ttyS0"),
        (["console=tty0"], ["console=ttyS0"], "console=tty0"),
        (["console=tty0", "console=ttyS0"], [], "console=tty0 console=ttyS0"),
        ([], ["console=ttyS0"], None),
    ],
)
def test_others_may_stand_beside_a_repeatable_key(found, wanted, effective):
    assert cmdline.effective(found, wanted) == effective


@given(TOKENS, TOKENS)
def test_what_was_appended_can_be_taken_away(theirs, ours):
    assert cmdline.subtract([*theirs, *ours], ours) == theirs


@given(TOKENS)
def test_groups_hold_every_token_once(tokens):
    groups = cmdline.by_name(tokens)
    assert sorted(token for group in groups.values() for token in group) == sorted(tokens)


@pytest.mark.parametrize(
    "token", ["", "a b", 'a="b"', "a='b'", "a=$b", "a=b;c", "a&b", "a|b", "a\\b", "a`b`", "a{b}", "=b", "a\n"]
)
def test_tokens_that_a_boot_loader_would_change_are_refused(token):
    with pytest.raises(UllError) as refused:
        cmdline.check(["quiet", token], "boot_args_sections.mine", "lab1")
    assert (refused.value.host, refused.value.variable, refused.value.value) == (
        "lab1",
        "boot_args_sections.mine",
        token,
    )
    assert refused.value.remedy


def test_ordinary_tokens_pass():
    cmdline.check(["isolcpus=managed_irq,domain,1-3", "vfio-pci.ids=8086:10c9", "tsc=reliable", "a=b=c"], "x")
