# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What playbooks ask about records, as dictionaries: the filter and the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UllError
from . import baseline as baselines
from . import within_baseline as gate
from . import within_budget as spending
from .record import Record
from .verdict import NOT_COMPARABLE, PASS, TOO_SMALL, Verdict


def latency_verdict(
    records: Any, baseline: Any = "", budget: Any = None, second: Any = (), hosts: int = 1, subjects: int = 1
) -> list[dict[str, Any]]:
    """Verdicts on runs of one subject: that of the budget, and that of the baseline, where they are given.

    Raises:
        UllError: these are no records, or no baseline.
    """
    first, later = _records(records), _records(second)
    found = []
    if budget:
        found.append(_spent(first + later, budget))
    if baseline:
        found.append(_compared(first, later, baseline, hosts, subjects))
    return [verdict.as_dict() for verdict in found]


def within_baseline(records: Any, baseline: Any, second: Any = (), hosts: int = 1, subjects: int = 1) -> bool:
    """Whether runs are as fast as the baseline.

    Raises:
        UllError: they cannot be compared, or are too few.
    """
    return _told(_compared(_records(records), _records(second), baseline, hosts, subjects), records)


def within_budget(records: Any, budget: Any) -> bool:
    """Whether runs are within a budget.

    Raises:
        UllError: they say nothing about it.
    """
    return _told(_spent(_records(records), budget), records)


def _compared(first: list[Record], second: list[Record], baseline: Any, hosts: int, subjects: int) -> Verdict:
    runs = _one_subject([*first, *second])
    host, known = _baseline(baseline)
    subject, mine = runs[0].subject, runs[0].machine.host
    if mine != host:
        raise UllError(
            f"the baseline is of {host}", host=mine, variable="baseline", remedy="name the host's own baseline"
        )
    if subject not in known:
        words = f"the baseline has no {subject}, only {', '.join(known) or 'nothing'}"
        return Verdict(subject, NOT_COMPARABLE, (words,))
    return gate.judge(known[subject], first, second, hosts, subjects)


def _spent(records: list[Record], budget: Any) -> Verdict:
    _one_subject(records)
    declared = {"host": {"ns": budget}} if isinstance(budget, int) else budget
    return spending.judge(records, spending.budgets(declared))


def _told(verdict: Verdict, records: Any) -> bool:
    if verdict.state in (NOT_COMPARABLE, TOO_SMALL):
        host = _records(records)[0].machine.host
        raise UllError(
            verdict.text, host=host, variable="record", remedy="the filter latency_verdict tells it as a state"
        )
    return verdict.state == PASS


def _records(said: Any) -> list[Record]:
    """Records of one, or of a list of them."""
    if isinstance(said, Mapping):
        return [Record.from_dict(said)]
    if not isinstance(said, Sequence) or isinstance(said, (str, bytes)):
        raise UllError("these are no latency records", variable="records", value=type(said).__name__)
    return [Record.from_dict(each) for each in said]


def _one_subject(records: list[Record]) -> list[Record]:
    subjects = sorted({record.subject for record in records})
    hosts = sorted({record.machine.host for record in records})
    if len(subjects) != 1 or len(hosts) != 1:
        remedy = "judge each subject of a host by itself: records | selectattr('instrument', 'equalto', 'cyclictest')"
        value = [*subjects, *hosts]
        raise UllError(
            "a verdict is on runs of one instrument of one host", variable="records", value=value, remedy=remedy
        )
    return records


def _baseline(said: Any) -> tuple[str, dict[str, baselines.Subject]]:
    """From a path, or from the content of the file."""
    if isinstance(said, str):
        return baselines.read(said)
    return baselines.from_text(json.dumps(said))
