"""Sends unusual heads and framings to `curl -N` and to `tail`, and compares what they read. A difference is an
error unless its reason is in the table.

usage: curl.py TAIL    (the path of the program)
"""

import json
import socket
import subprocess
import sys
import threading

from request_log import read_head

EVENTS = [f"id: {number}\ndata: event {number}\n\n".encode() for number in range(1, 4)]
BODY = b"".join(EVENTS)
TYPE = b"Content-Type: text/event-stream\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + TYPE
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n"
END = b"0\r\n\r\n"


def chunks(size=b"%x\r\n", line_end=b"\r\n"):
    return b"".join(size % len(event) + event + line_end for event in EVENTS)


def until_close(*lines, status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([status, *lines, TYPE]) + b"\r\n" + BODY


def with_length(*values):
    return OK + b"".join(b"Content-Length: %s\r\n" % value for value in values) + b"\r\n" + BODY


def chunked(body, field=b""):
    return CHUNKED + field + b"\r\n" + body


def coded(*values):
    lines = b"".join(b"Transfer-Encoding: %s\r\n" % value for value in values)
    return OK + lines + b"\r\n" + chunks() + END


def interim(status):
    return b"HTTP/1.1 %s\r\nLink: <a>\r\n\r\n" % status + OK + b"\r\n" + BODY


LENGTH = b"%d" % len(BODY)
WHOLE = "3 events, whole"
CUT = "3 events, cut off"
BROKEN = "3 events, broken"
NOTHING = "0 events, broken"
REFUSED = "refused"

# Reasons why curl may read a response differently from `tail`.
AMBIGUOUS = "curl uses one of two lengths, and another parser may use the other"
NO_NUMBER = "curl parses the leading digits; RFC 9112, 6.3 makes this an error"
FOLDED = "RFC 9112, 5.2 replaces a fold with a space; curl 7.88 parses each line separately"
SPACE = "RFC 9112, 5.1 drops this white space; curl does not recognise the field then"
UNKNOWN = "no server is known to send it"
HIGHER = "RFC 9110, 2.5 treats a higher minor version like the known one"

# The name, the response, the expected result of `tail`, and the reason if the result of curl may differ.
TABLE = [
    # Framing by length, and by the connection's end.
    ("a length", with_length(LENGTH), WHOLE),
    ("until close", until_close(b"Connection: close"), WHOLE),
    ("HTTP/1.0", until_close(b"Server: x", status=b"HTTP/1.0 200 OK"), WHOLE),
    ("a length that is too long", with_length(b"999"), CUT),
    ("a length that ends within an event", with_length(b"30"), "1 events, whole"),
    ("equal lengths", with_length(LENGTH, LENGTH), WHOLE),
    ("a list of equal lengths", with_length(LENGTH + b", " + LENGTH), WHOLE),
    ("a length with white space", with_length(b"\t" + LENGTH + b" \t"), WHOLE),
    ("a length with zeros", with_length(b"000" + LENGTH), WHOLE),
    ("different lengths", with_length(LENGTH, b"5"), REFUSED, AMBIGUOUS),
    ("a list of different lengths", with_length(LENGTH + b", 5"), REFUSED, AMBIGUOUS),
    ("a negative length", with_length(b"-1"), REFUSED),
    ("a length with a sign", with_length(b"+" + LENGTH), REFUSED, NO_NUMBER),
    ("a length that is not a number", with_length(b"many"), REFUSED),
    ("a length with a letter after it", with_length(LENGTH + b"x"), REFUSED, NO_NUMBER),
    ("an empty length", with_length(b""), REFUSED),
    ("a length beyond 64 bits", with_length(b"99999999999999999999"), REFUSED, NO_NUMBER),
    # Transfer codings.
    ("chunked", coded(b"chunked"), WHOLE),
    ("Chunked", coded(b"Chunked"), WHOLE),
    ("chunked, chunked", coded(b"chunked, chunked"), WHOLE),
    ("chunked in two fields", coded(b"chunked", b"chunked"), WHOLE),
    ("identity, chunked", coded(b"identity, chunked"), WHOLE),
    ("chunked, with an empty element", coded(b", chunked,"), WHOLE),
    ("chunked beside a length", chunked(chunks() + END, b"Content-Length: 5\r\n"), WHOLE),
    (
        "chunked beside a bad length",
        chunked(chunks() + END, b"Content-Length: -1\r\n"),
        WHOLE,
        "curl checks the length although it is ignored",
    ),
    ("chunked in HTTP/1.0", coded(b"chunked").replace(b"/1.1", b"/1.0", 1), WHOLE),
    ("identity", until_close(b"Transfer-Encoding: identity"), WHOLE),
    ("an empty coding", until_close(b"Transfer-Encoding:"), WHOLE),
    (
        "an unknown coding",
        until_close(b"Transfer-Encoding: utf-8"),
        WHOLE,
        "curl refuses an unknown coding; RFC 9112, 6.3 reads until close",
    ),
    # Chunks.
    ("sizes with a zero", chunked(chunks(b"0%x\r\n") + END), WHOLE),
    (
        "sizes with 20 zeros",
        chunked(chunks(b"00000000000000000000%x\r\n") + END),
        WHOLE,
        "curl reads at most 16 digits",
    ),
    ("sizes in upper case", chunked(b"%X\r\n" % len(BODY) + BODY + b"\r\n" + END), WHOLE),
    ("sizes with spaces after", chunked(chunks(b"%x   \r\n") + END), WHOLE),
    ("sizes with extensions", chunked(chunks(b'%x;a="b;c"\r\n') + END), WHOLE),
    ("sizes with spaces before", chunked(chunks(b" %x\r\n") + END), NOTHING),
    (
        "sizes with 0x",
        chunked(chunks(b"0x%x\r\n") + END),
        NOTHING,
        "curl parses only the 0, as the last chunk",
    ),
    ("sizes with LF alone", chunked(chunks(b"%x\n", b"\n") + b"0\n\n"), WHOLE),
    ("a size that is not a number", chunked(chunks() + b"zz\r\n"), BROKEN),
    ("an empty size", chunked(chunks() + b"\r\n1\r\n"), BROKEN),
    ("a negative size", chunked(chunks() + b"-1\r\n"), BROKEN),
    ("a size beyond 64 bits", chunked(chunks() + b"fffffffffffffffff\r\n"), BROKEN),
    ("no line end after a chunk", chunked(chunks() + b"1\r\n:0\r\n\r\n"), BROKEN),
    ("a chunk that is cut off", chunked(chunks() + b"20\r\ndata: ev"), CUT),
    ("h2o's chunk when its upstream dies", chunked(chunks() + b"1\r\n"), CUT),
    ("no last chunk", chunked(chunks()), CUT),
    ("a last chunk without its empty line", chunked(chunks() + b"0\r\n"), CUT),
    ("000 as the last chunk", chunked(chunks() + b"000\r\n\r\n"), WHOLE),
    ("trailers", chunked(chunks() + b"0\r\nA: b\r\nC: d\r\n\r\n"), WHOLE),
    (
        "a trailer that is not a field",
        chunked(chunks() + b"0\r\nnonsense\r\n\r\n"),
        WHOLE,
        "curl parses trailers; `tail` skips them, because it does not need them",
    ),
    ("bytes after the end", chunked(chunks() + END + b"HTTP/1.1 200 OK\r\n\r\n"), WHOLE),
    # Heads.
    ("no reason", until_close(status=b"HTTP/1.1 200"), WHOLE),
    ("an empty reason", until_close(status=b"HTTP/1.1 200 "), WHOLE),
    ("a reason in latin-1", until_close(status=b"HTTP/1.1 200 \xfc\x01"), WHOLE),
    ("LF alone", OK.replace(b"\r", b"") + b"\n" + BODY, WHOLE),
    ("a folded field", until_close(b"A: b", b" c", b"\td"), WHOLE),
    (
        "a folded type",
        b"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/event-stream\r\n\r\n" + BODY,
        WHOLE,
    ),
    (
        "a folded coding",
        OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks() + END,
        WHOLE,
        FOLDED,
    ),
    ("a folded length", OK + b"Content-Length:\r\n 30\r\n\r\n" + BODY, "1 events, whole", FOLDED),
    (
        "a space before the colon",
        OK + b"Transfer-Encoding : chunked\r\n\r\n" + chunks() + END,
        WHOLE,
        SPACE,
    ),
    (
        "a tab before the colon",
        OK + b"Content-Length\t: 30\r\n\r\n" + BODY,
        "1 events, whole",
        SPACE,
    ),
    ("control bytes in a value", until_close(b"Set-Cookie: a=\x01\x1b\x7f"), WHOLE),
    ("latin-1 in a value", until_close(b"Set-Cookie: a=\xfc"), WHOLE),
    (
        "a line without a colon",
        until_close(b"nonsense"),
        WHOLE,
        "curl 7.88 refuses it; browsers skip it",
    ),
    ("an empty name", until_close(b": a"), WHOLE),
    ("a name with a space", until_close(b"a name: b"), WHOLE),
    ("NUL in a value", until_close(b"A: \0"), REFUSED),
    (
        "a CR alone in a value",
        until_close(b"A: b\rc"),
        REFUSED,
        "some parsers end the line there, others do not",
    ),
    ("100", interim(b"100 Continue"), WHOLE),
    ("102", interim(b"102 Processing"), WHOLE),
    ("103", interim(b"103 Early Hints"), WHOLE),
    ("199", interim(b"199 ?"), WHOLE),
    (
        "101",
        interim(b"101 Switching Protocols"),
        "stopped",
        "curl skips it, but another protocol follows",
    ),
    ("no status line", TYPE + b"\r\n" + BODY, REFUSED),
    ("no head", BODY, REFUSED),
    ("a status of two digits", until_close(status=b"HTTP/1.1 20 OK"), REFUSED),
    ("a status of four digits", until_close(status=b"HTTP/1.1 2000 OK"), REFUSED),
    ("a status that is not a number", until_close(status=b"HTTP/1.1 2x0 OK"), REFUSED),
    ("a lower-case protocol", until_close(status=b"http/1.1 200 OK"), WHOLE),
    ("ICY", until_close(status=b"ICY 200 OK"), REFUSED),
    ("HTTP/2 in text", until_close(status=b"HTTP/2 200 OK"), REFUSED, UNKNOWN),
    ("HTTP/1.2", until_close(status=b"HTTP/1.2 200 OK"), WHOLE, HIGHER),
    ("a head that is cut off", OK, "cut_off", "curl treats the end of the connection as an empty line"),
    # Content codings.
    ("the coding none", until_close(b"Content-Encoding: none"), WHOLE),
    ("the coding identity", until_close(b"Content-Encoding: identity"), WHOLE),
    ("the coding utf-8", until_close(b"Content-Encoding: utf-8"), WHOLE),
    ("an empty content coding", until_close(b"Content-Encoding:"), WHOLE),
    (
        "the coding gzip",
        until_close(b"Content-Encoding: gzip"),
        "stopped",
        "curl writes the compressed bytes unchanged",
    ),
]


def serve(listener):
    """Answers a request for /N with the response in row N."""
    while True:
        tcp, _ = listener.accept()
        with tcp:
            tcp.settimeout(5)
            head = read_head(tcp)
            row = int(head.split(b" ")[1][1:])
            tcp.sendall(TABLE[row][1])


def ask_tail(tail, url):
    command = [tail, "--json", "--max-reconnection-attempts", "0", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=10, check=False)
    items = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [item["kind"] for item in items]
    cause = next((item["cause"] for item in items if item["kind"] == "lost"), None)
    if "open" not in kinds:
        return "refused" if cause == "head" else "stopped" if cause is None else cause
    ends = {"end": "whole", "cut_off": "cut off", "chunk": "broken"}
    return f"{kinds.count('event')} events, {ends.get(cause, cause)}"


def ask_curl(url):
    # -q: without the user's configuration.
    command = ["curl", "-q", "-sN", "--noproxy", "*", "--max-time", "5", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=10, check=False)
    # Exit codes of curl: 1 and 8 mean invalid HTTP, 18 a partial body, and 56 broken framing.
    ends = {0: "whole", 18: "cut off", 56: "broken"}
    code = done.returncode
    if code in (1, 8):
        return "refused"
    # The number of whole events at the start of the output.
    whole = [number for number in range(4) if done.stdout.startswith(b"".join(EVENTS[:number]))]
    events = whole[-1]
    if events == 0 and done.stdout and not EVENTS[0].startswith(done.stdout):
        return "something else"
    return f"{events} events, {ends.get(code, f'exit code {code}')}"


def main(tail):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    wrong = alike = 0
    for row, (name, _, expected, *reason) in enumerate(TABLE):
        ours, curls = ask_tail(tail, f"{url}/{row}"), ask_curl(f"{url}/{row}")
        alike += curls == ours
        if ours != expected:
            wrong += 1
            print(f"curl: {name}: tail reads: {ours}; expected: {expected}; curl: {curls}")
        elif curls != ours and reason:
            print(f"curl: {name}: {ours}; curl: {curls} ({reason[0]})")
        elif curls != ours:
            wrong += 1
            print(f"curl: {name}: tail reads: {ours}; curl: {curls}; the reason is unknown")
    print(f"curl: tail and curl read {alike} of {len(TABLE)} unusual responses alike")
    if wrong:
        sys.exit(1)


main(sys.argv[1])
