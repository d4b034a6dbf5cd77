"""Checks the output of `tail --json`: each event must be there once, in order, with its data and type, and each
request must ask to resume after the last event before it.

usage: check.py NAME SHOWN REQUESTS
       SHOWN is the output of the client, REQUESTS has the Last-Event-ID of each request
"""

import json
import os
import sys
from collections import Counter
from itertools import groupby

from events import LAST, data_of, type_of
from odd import BEHAVIOURS

# The least number of lost connections, for servers behind a proxy that cuts connections.
LEAST_LOST = 5


def number_of(event):
    """The number of an event, or 0 for an event that no server here sends."""
    number = event["data"].split("\n")[0].removeprefix("event ")
    return int(number) if number.isdecimal() else 0


def is_changed(event):
    number = number_of(event)
    return event["data"] != data_of(number) or event["type"] != type_of(number)


def wrong_events(events):
    count = Counter(number_of(event) for event in events)
    missing = [number for number in range(1, LAST + 1) if count[number] == 0]
    doubled = [number for number in count if number > 0 and count[number] > 1]
    if missing:
        yield f"{len(missing)} events are lost, from {missing[0]} to {missing[-1]}"
    if doubled:
        yield f"{len(doubled)} events are repeated, from {doubled[0]} to {doubled[-1]}"
    if not missing and not doubled and [number_of(event) for event in events] != sorted(count):
        yield "the events are not in order"
    changed = [event for event in events if is_changed(event)]
    if changed:
        yield f"{len(changed)} events are changed, such as {changed[0]}"


def wrong_requests(items, requests):
    """Each request must name an ID that was the client's last one when it connected, in this order."""
    stood_at = [None]
    last = None
    for item in items:
        if item["kind"] == "event":
            last = item["id"] or None
        elif item["kind"] == "lost":
            stood_at.append(last)
    # Some attempts do not reach the server, and a redirect makes two requests of one attempt.
    left = iter([value for value, _ in groupby(stood_at)])
    for value, _ in groupby(requests):
        if value not in left:
            yield f"a request asks to resume after {value}, which was not the last ID of the client"
            return
    opened = sum(item["kind"] == "open" for item in items)
    if len(requests) < opened:
        yield f"{opened} streams were opened by only {len(requests)} requests"


def wrong_losses(name, items):
    causes = {item["cause"] for item in items if item["kind"] == "lost"}
    behaviour = BEHAVIOURS.get(name)
    if behaviour is None:
        lost = sum(item["kind"] == "lost" for item in items)
        if lost < LEAST_LOST:
            yield f"only {lost} connections were lost, which is too few for a test"
        return
    if causes != behaviour.causes:
        yield f"connections were lost by {causes} instead of {behaviour.causes}"
    waits = {item["ms"] for item in items if item["kind"] == "waiting"}
    if behaviour.steady and len(waits) > 1:
        yield f"the delay has grown, to {max(waits)} ms"


def lines(path):
    # If there was no request, there is no log.
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main(name, shown, requests):
    items, requests = lines(shown), lines(requests)
    events = [item for item in items if item["kind"] == "event"]
    causes = Counter(item["cause"] for item in items if item["kind"] == "lost")
    connections = f"{len(events)} events over {causes.total() + 1} connections"
    problems = [*wrong_events(events), *wrong_requests(items, requests), *wrong_losses(name, items)]
    if problems:
        others = [item for item in items if item["kind"] in ("stopped", "too_long")]
        print(f"{name}: {connections}", *problems, *others, sep="\n  ")
        sys.exit(1)
    causes = ", ".join(f"{cause} {count}" for cause, count in causes.most_common())
    print(f"{name}: {connections}, each once and in order (lost by: {causes or 'nothing'})")


if __name__ == "__main__":
    main(*sys.argv[1:])
