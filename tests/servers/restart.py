"""Runs a server, and kills and restarts it about once a second: by SIGKILL, then by SIGTERM, and so on.

usage: restart.py COMMAND...
"""

import itertools
import os
import signal
import subprocess
import sys
import time

UP = 0.9
DOWN = 0.15
# A server whose client has ended is of no use: the test is then over.
MOST_RESTARTS = 100


def main(command):
    for how in itertools.islice(itertools.cycle([signal.SIGKILL, signal.SIGTERM]), MOST_RESTARTS):
        # In a group of its own, as a server may have several processes.
        server = subprocess.Popen(command, start_new_session=True)
        try:
            time.sleep(UP)
        finally:
            # Also if this script itself is told to end.
            os.killpg(server.pid, how)
            server.wait()
        time.sleep(DOWN)


# As an exception, so that `finally` is run.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
main(sys.argv[1:])
