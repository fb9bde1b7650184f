# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One end of a ping-pong as a module runs it: the far end answers, the near end makes a record."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host
from .counters import between, counters, machine
from .instruments import parse
from .parsers.udp_pingpong import NAME
from .pingpong import listen, ping, serve
from .probe import MOST_SECONDS
from .record import Record


def pingpong(params: Mapping[str, Any], host: Host, check_mode: bool = False) -> dict[str, Any]:
    """Answer, or measure.

    Args:
        params: ``serve, address, port, peer, peer_name, seconds, interval_us, timestamps, busy_poll_us, cpu, name, consent``.
        host: the host.
        check_mode: check everything, and send nothing.

    Raises:
        UllError: without consent, or one of the options cannot be.
    """
    _check(params, host)
    if check_mode:
        return {"changed": False, "records": [], "answered": 0}
    if params["cpu"] is not None:
        os.sched_setaffinity(0, {params["cpu"]})
    with listen(params["address"], params["port"] if params["serve"] else 0, params["busy_poll_us"]) as end:
        if params["serve"]:
            return {"changed": False, "records": [], "answered": serve(end, params["seconds"])}
        return {"changed": False, "records": [_record(params, host, end).as_dict()], "answered": 0}


def _check(params: Mapping[str, Any], host: Host) -> None:
    if params["consent"] is not True:
        remedy = "drain the host, then set consent: true"
        raise UllError(
            "it polls a CPU and sends into the network, so it needs consent", variable="consent", remedy=remedy
        )
    if not params["serve"] and not params["peer"]:
        raise UllError("the near end has to know the far one", variable="peer", remedy="name its address")
    limits = {
        "seconds": (1, MOST_SECONDS),
        "port": (1, 65535),
        "interval_us": (10, 1_000_000),
        "busy_poll_us": (0, 1000),
    }
    for key, (least, most) in limits.items():
        if not least <= params[key] <= most:
            raise UllError(f"this is not from {least} to {most}", variable=key, value=params[key])
    online = CpuSet.parse(host.read("/sys/devices/system/cpu/online") or "")
    if params["cpu"] is not None and params["cpu"] not in online:
        raise UllError("this CPU is not online", variable="cpu", value=params["cpu"], remedy=f"online are {online}")


def _record(params: Mapping[str, Any], host: Host, end: Any) -> Record:
    cpus = CpuSet([params["cpu"]]) if params["cpu"] is not None else CpuSet(os.sched_getaffinity(0))
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    before = counters(host, cpus)
    to = (params["peer"], params["port"])
    said = ping(end, to, params["seconds"], params["interval_us"], params["timestamps"])
    evidence = between(before, counters(host, cpus))
    reading = parse(NAME, json.dumps(said))[0]
    options = tuple(f"{key}={params[key]}" for key in ("timestamps", "busy_poll_us", "interval_us", "seconds"))
    peer = params["peer_name"] or params["peer"]
    where = machine(host, params["name"] or host.name)
    return Record(reading, where, options, began, peer=peer, evidence=evidence)
