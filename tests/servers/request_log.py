"""Reads requests, and logs after which event each of them asks to resume."""

import json
import re
import threading

LONGEST_HEAD = 65536
lock = threading.Lock()


def read_head(tcp):
    """The head of a request with its empty line, or empty bytes if the connection ends before that."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = tcp.recv(65536)
        head += data
        if not data or len(head) > LONGEST_HEAD:
            return b""
    return head


def last_event_id(head):
    """The value of the header field `Last-Event-ID`, or `None` if there is none."""
    found = re.search(rb"^last-event-id:[ \t]*(.*?)[ \t]*\r$", head, re.IGNORECASE | re.MULTILINE)
    return found and found[1].decode()


def log(path, head):
    """Appends a line to the file: the request's `Last-Event-ID` as JSON."""
    with lock, open(path, "a", encoding="utf-8") as file:
        print(json.dumps(last_event_id(head)), file=file)
