"""Checks what `tail --json` has shown: each event once, in order, with its data and type.

usage: check.py NAME FILE
"""

import json
import sys
from collections import Counter

from events import LAST, data_of, type_of

LEAST_KILLED = 5


def number_of(event):
    """0 for an event that no server here has sent."""
    number = event["data"].split("\n")[0].removeprefix("event ")
    return int(number) if number.isdecimal() else 0


def is_changed(event):
    number = number_of(event)
    return event["data"] != data_of(number) or event["type"] != type_of(number)


def problems(events, lost):
    """What is wrong; nothing is yielded if all is well."""
    count = Counter(number_of(event) for event in events)
    missing = [number for number in range(1, LAST + 1) if count[number] == 0]
    doubled = [number for number in count if number > 0 and count[number] > 1]
    if missing:
        yield f"{len(missing)} are lost, from {missing[0]} to {missing[-1]}"
    if doubled:
        yield f"{len(doubled)} are doubled, from {doubled[0]} to {doubled[-1]}"
    if not missing and not doubled and [number_of(event) for event in events] != sorted(count):
        yield "not in order"
    changed = [event for event in events if is_changed(event)]
    if changed:
        yield f"{len(changed)} are changed on the way, as {changed[0]}"
    if lost < LEAST_KILLED:
        yield f"only {lost} connections were killed: this is no test"


def main(name, path):
    with open(path, encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    events = [item for item in items if item["kind"] == "event"]
    causes = Counter(item["cause"] for item in items if item["kind"] == "lost")
    lost = causes.total()
    found = list(problems(events, lost))
    if found:
        print(f"{name}: {len(events)} events over {lost + 1} connections", *found, sep="\n  ")
        sys.exit(1)
    print(f"{name}: {LAST} events over {lost + 1} connections: none lost, none doubled")
    comments = sum(item["kind"] == "comment" for item in items)
    causes = ", ".join(f"{cause} {count}" for cause, count in causes.most_common())
    print(f"  connections lost: {causes}; comments: {comments}")


main(*sys.argv[1:])
