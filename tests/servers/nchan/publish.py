"""Publishes events to nchan, one every few milliseconds.

usage: publish.py PORT FIRST LAST
"""

import http.client
import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(__file__), ".."))
from events import data_of, type_of


def main(port, first, last):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(first, last + 1):
        headers = {"X-EventSource-Event": type_of(number)} if type_of(number) != "message" else {}
        connection.request("POST", "/publish", data_of(number).encode(), headers)
        response = connection.getresponse()
        response.read()
        if response.status not in (200, 201, 202):
            sys.exit(f"event {number} was refused with status {response.status}")
        time.sleep(0.005)


main(*map(int, sys.argv[1:]))
