"""Runs a server, and kills and restarts it about once a second, with SIGKILL and SIGTERM in turn.

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
# After this many restarts, the client has ended long ago.
MOST_RESTARTS = 100


def main(command):
    for how in itertools.islice(itertools.cycle([signal.SIGKILL, signal.SIGTERM]), MOST_RESTARTS):
        # In its own process group, because a server may have several processes.
        server = subprocess.Popen(command, start_new_session=True)
        try:
            time.sleep(UP)
        finally:
            # Even if this script itself gets SIGTERM.
            os.killpg(server.pid, how)
            server.wait()
        time.sleep(DOWN)


# Raise an exception, so that `finally` runs.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
main(sys.argv[1:])
