"""Unusual behaviours of real servers and proxies, one function for each.

usage: odd.py PORT LOGS   send the events of events.py after the last one that the client names, with
                          each behaviour at /NAME; LOGS/NAME gets the Last-Event-ID of each request
       odd.py             list the names
"""

import itertools
import os
import socket
import struct
import sys
import threading
import time

from events import LAST, data_of, type_of
from request_log import last_event_id, log, read_head

# The number of events per connection, unless a behaviour sends another number.
FEW = 25

BEHAVIOURS = {}


def odd(*causes, steady=False):
    """Registers a behaviour, with all causes by which the client is expected to lose its connections.

    `steady`: the server ends each stream on purpose, or the connection was healthy, so the delay of the client
    must not grow.
    """

    def register(serve):
        serve.causes = set(causes)
        serve.steady = steady
        BEHAVIOURS[serve.__name__] = serve
        return serve

    return register


class Client:
    """A connection whose request has been read."""

    def __init__(self, tcp, request, attempt):
        self.tcp = tcp
        # The number of requests before this one.
        self.attempt = attempt
        self.path, self.version = request.split(b"\r\n")[0].split(b" ")[1:]
        self.number = int(last_event_id(request) or 0)

    def write(self, data):
        self.tcp.sendall(data.encode() if isinstance(data, str) else data)

    def head(self, *fields, status="HTTP/1.1 200 OK", kind="Content-Type: text/event-stream"):
        lines = [status, kind, *fields, "", ""]
        self.write(b"\r\n".join(x.encode() if isinstance(x, str) else x for x in lines))

    def chunked_head(self, *fields, **others):
        self.head("Transfer-Encoding: chunked", *fields, **others)

    def events(self, most=FEW):
        """The next events, encoded."""
        for number in range(self.number + 1, min(self.number + most, LAST) + 1):
            lines = [f"id: {number}", f"event: {type_of(number)}"]
            lines += [f"data: {line}" for line in data_of(number).split("\n")]
            yield "\n".join([*lines, "", ""])

    def chunk(self, text, size="{:x}"):
        data = text.encode()
        self.write(size.format(len(data)).encode() + b"\r\n" + data + b"\r\n")

    def chunks(self, most=FEW, size="{:x}"):
        """A chunk for each event."""
        for event in self.events(most):
            self.chunk(event, size)

    def end(self):
        self.write("0\r\n\r\n")

    def alternate(self, *choices):
        """One of the choices, in turn for each request."""
        return choices[self.attempt % len(choices)]


# ---- when bytes arrive ----


@odd("end", steady=True)
def late_head(client):
    """Flask, Express and others send the head with the first event: after 1 s, which stands for 100 s."""
    time.sleep(1)
    client.chunked_head()
    client.chunks(100)
    client.end()


@odd("cut_off", steady=True)
def cuts_every_10_s(client):
    """Load balancers cut streams after a fixed time, in the middle of an event."""
    client.chunked_head()
    end = time.monotonic() + 10
    for event in client.events(LAST):
        if time.monotonic() > end:
            client.write("40\r\nid: 999\nda")
            return
        client.chunk(event)
        time.sleep(0.05)


@odd(steady=True)
def slow(client):
    """An event now and then. This is the server behind the real proxies."""
    chunked = client.version == b"HTTP/1.1"
    if chunked:
        client.chunked_head()
    else:
        # nginx sends requests with HTTP/1.0.
        client.head(status="HTTP/1.0 200 OK")
    for event in client.events(LAST):
        if chunked:
            client.chunk(event)
        else:
            client.write(event)
        time.sleep(0.01)
    if chunked:
        client.end()


@odd("end", steady=True)
def php_poller(client):
    """A PHP script behind Apache that sends one event and ends, without `retry`."""
    client.chunked_head()
    client.chunks(1)
    client.end()


@odd("end")
def one_byte_segments(client):
    """Each byte is a separate TCP segment, even in the head."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    for byte in (head + "".join(client.events())).encode():
        client.write(bytes([byte]))


# ---- how a body is framed ----


@odd("end")
def http_1_0(client):
    """Python's http.server and old proxies: HTTP/1.0, with a body that ends with the connection."""
    client.head("Connection: close", status="HTTP/1.0 200 OK")
    for event in client.events():
        client.write(event)


@odd("end")
def until_close(client):
    """`php -S`: HTTP/1.1 without framing. The server is killed in the middle of an event."""
    client.head()
    *events, last = client.events()
    client.write("".join(events))
    client.write(last if client.number + FEW >= LAST else last[: len(last) // 2])


@odd("end", steady=True)
def content_length(client):
    """lighttpd buffers a whole stream and sends its length."""
    body = "".join(client.events()).encode()
    client.head(f"Content-Length: {len(body)}")
    client.write(body)


@odd("cut_off")
def short_of_content_length(client):
    """A buffering proxy that dies in the middle of a body whose length it has sent."""
    body = "".join(client.events()).encode()
    client.head(f"Content-Length: {len(body) + 1000}")
    client.write(body)


@odd("end", steady=True)
def one_byte_chunks(client):
    """Rocket and others send an event in many small chunks."""
    client.chunked_head()
    for byte in "".join(client.events()).encode():
        client.write(b"1\r\n" + bytes([byte]) + b"\r\n")
    client.end()


@odd("end", steady=True)
def sizes_with_leading_zeros(client):
    """Chunk sizes such as `0c` and `00c`, as several servers send them, with `000` at the end."""
    client.chunked_head()
    client.chunks(size=client.alternate("0{:x}", "00{:x}", "{:08x}"))
    client.write("000\r\n\r\n")


@odd("end", steady=True)
def sizes_in_upper_case(client):
    """Chunk sizes in upper case."""
    client.chunked_head()
    client.chunks(size="{:X}")
    client.end()


@odd("end", steady=True)
def sizes_with_something_behind(client):
    """Chunk extensions; Apache 1.3 pads its sizes with spaces."""
    client.chunked_head()
    client.chunks(size=client.alternate("{:x};a=b", '{:x} ; name="va;lue"', "{:x}    "))
    client.end()


@odd("end", steady=True)
def first_chunk_of_one_lf(client):
    """NestJS starts with a chunk of one LF. Proxies cut chunks at any byte."""
    client.chunked_head()
    client.chunk("\n")
    body = "".join(client.events()).encode()
    for start in range(0, len(body), 7):
        piece = body[start : start + 7]
        client.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    client.end()


@odd("end", steady=True)
def trailers(client):
    """Trailer fields after the last chunk, as of a server that reports its timing."""
    client.chunked_head("Trailer: Server-Timing, X-Checksum")
    client.chunks()
    client.write("0\r\nServer-Timing: db;dur=53\r\nX-Checksum: 0\r\n\r\n")


@odd("chunk", "cut_off")
def broken_chunk(client):
    """h2o sends `\\r\\n1\\r\\n` and closes when its upstream dies: after a chunk or between two."""
    client.chunked_head()
    *events, last = client.events()
    for event in events:
        client.chunk(event)
    if client.attempt % 2:
        client.write("\r\n1\r\n")
    else:
        client.write(f"{len(last.encode()):x}\r\n{last}\r\n1\r\n")


@odd("transport")
def resets(client):
    """A crash of the system: the connection is reset after some events."""
    client.chunked_head()
    client.chunks()
    # Give the client time to read them, because a reset discards unread bytes.
    time.sleep(0.1)
    client.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@odd("end", steady=True)
def chunked_twice(client):
    """An application and its server both send `chunked`, but the body is only chunked once."""
    once, twice = "Transfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked"
    identity = "Transfer-Encoding: identity, chunked"
    client.head(
        *client.alternate([once, once], [twice], [identity], ["Transfer-Encoding: Chunked"])
    )
    client.chunks()
    client.end()


@odd("end")
def not_chunked(client):
    """`Transfer-Encoding: identity` of RFC 2616, or an empty one: the body is not chunked."""
    client.head(client.alternate("Transfer-Encoding: identity", "Transfer-Encoding:"))
    client.write("".join(client.events()))


@odd("end", steady=True)
def equal_lengths(client):
    """An application and its server both send the length. A proxy may have joined the two fields."""
    body = "".join(client.events()).encode()
    length = f"Content-Length: {len(body)}"
    client.head(*client.alternate([length, length], [f"{length}, {len(body)}"]))
    client.write(body)


@odd("end", steady=True)
def length_beside_chunked(client):
    """A proxy that sends a body in chunks and keeps the old length, which may be invalid."""
    client.chunked_head(
        client.alternate("Content-Length: 10", "Content-Length: 0", "Content-Length: -1")
    )
    client.chunks()
    client.end()


# ---- heads ----


@odd("end", steady=True)
def interim_heads(client):
    """100, 102 (WebDAV) and 103 (early hints) come before the head."""
    client.write("HTTP/1.1 100 Continue\r\n\r\n" * client.alternate(0, 1))
    client.write("HTTP/1.1 102 Processing\r\n\r\n" * client.alternate(3, 1, 0))
    client.write(
        "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n" * 2
    )
    client.chunked_head()
    client.chunks()
    client.end()


@odd("end", steady=True)
def no_reason(client):
    """HTTP/2 gateways and h2o send no reason phrase. Some omit its space too."""
    client.chunked_head(status=client.alternate("HTTP/1.1 200 ", "HTTP/1.1 200"))
    client.chunks()
    client.end()


@odd("end", steady=True)
def content_encodings(client):
    """`none` prevents compression. actix-web-lab sends `identity`, others send a character set."""
    client.chunked_head(
        "Content-Encoding: "
        + client.alternate("none", "identity", "utf-8", "", "None", "UTF-8", "identity, identity")
    )
    client.chunks()
    client.end()


@odd("end", steady=True)
def content_types(client):
    """Parameters, upper case, and a framework that adds a second type."""
    client.chunked_head(
        kind=client.alternate(
            "content-type:text/event-stream;charset=utf-8",
            "Content-Type: Text/Event-Stream ; charset=latin-1",
            "Content-Type: text/html\r\nContent-Type: text/event-stream",
        )
    )
    client.chunks()
    client.end()


@odd("end", steady=True)
def folded_fields(client):
    """A field that continues on the next line, as old CGI scripts and mail libraries send it."""
    client.chunked_head(
        "Content-Security-Policy: default-src 'self';\r\n\tscript-src 'self'",
        kind=client.alternate(
            "Content-Type: text/event-stream;\r\n charset=utf-8",
            "Content-Type:\r\n text/event-stream",
        ),
    )
    client.chunks()
    client.end()


@odd("end", steady=True)
def space_before_colon(client):
    """White space between the name and the colon of important fields."""
    client.head("Transfer-Encoding\t: chunked", kind="Content-Type : text/event-stream")
    client.chunks()
    client.end()


@odd("end", steady=True)
def odd_values(client):
    """Control bytes and latin-1 in a cookie, repeated fields, and lines that are not fields."""
    client.chunked_head(
        b"Set-Cookie: session=\x01\x1b[0m\x7f\xfc",
        "Cache-Control: no-cache",
        "Cache-Control: no-store",
        "X-Empty:",
        client.alternate(
            "this line has no colon", ": a line without a name", "a name: with a space"
        ),
    )
    client.chunks()
    client.end()


@odd("end", steady=True)
def lf_only(client):
    """CGI scripts end lines with LF alone, in the head and in the framing."""
    client.write("HTTP/1.1 200 OK\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\n\n")
    for event in client.events():
        client.write(f"{len(event.encode()):x}\n{event}\n")
    client.write("0\n\n")


# ---- statuses ----


def heals(client, *statuses):
    """Refuses every other request, with each status in turn."""
    if client.attempt % 2 == 0:
        status = statuses[client.attempt // 2 % len(statuses)]
        retry_after = client.alternate("Retry-After: 0", "", "X: y", "")
        page = b"<h1>Try again</h1>"
        length = f"Content-Length: {len(page)}"
        fields = [field for field in (length, retry_after) if field]
        client.head(*fields, status=f"HTTP/1.1 {status} Bad", kind="Content-Type: text/html")
        client.write(page)
    else:
        client.chunked_head()
        client.chunks()
        client.end()


@odd("status", "end")
def dead_upstream(client):
    """500 of tinyproxy, 502 of nginx, 503 of HAProxy, 504, and non-standard statuses of other proxies."""
    heals(client, 500, 502, 503, 504, 507, 508, 509, 561, 598, 599)


@odd("status", "end")
def cdn_statuses(client):
    """Cloudflare's 520 to 530, while the server behind it is down."""
    heals(client, *range(520, 531))


@odd("status", "end")
def passing_refusals(client):
    """408 of a slow proxy, 421 of one that lost its certificate, 425, 429 of a rate limit."""
    heals(client, 408, 421, 425, 429)


@odd("end", steady=True)
def odd_location(client):
    """Applications redirect to a URL without encoding it: a space, UTF-8, latin-1."""
    base = b"/odd_location/"
    cases = [
        (b"all the numbers", b"all%20the%20numbers"),
        (b"\xc3\xbcber?q=gr\xc3\xbcezi mitenand", b"%C3%BCber?q=gr%C3%BCezi%20mitenand"),
        (b"\xfcber", b"%FCber"),
        (b"already%20encoded", b"already%20encoded"),
    ]
    # The redirect and its target are two requests.
    raw, encoded = cases[client.attempt // 2 % len(cases)]
    if client.path == b"/odd_location":
        client.head(b"Location: " + base + raw, "Content-Length: 0", status="HTTP/1.1 307 Moved")
    elif client.path == base + encoded:
        client.chunked_head()
        client.chunks()
        client.end()
    else:
        client.head("X-Path: " + client.path.hex(), status="HTTP/1.1 404 Not encoded as expected")


# ---- the server ----


def serve(tcp, attempts, logs):
    """Answers one request and closes the connection."""
    tcp.settimeout(60)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with tcp:
        try:
            request = read_head(tcp)
            if not request:
                return
            path = request.split(b" ")[1].decode("latin-1")
            name = path.split("/")[1]
            log(f"{logs}/{name}", request)
            client = Client(tcp, request, next(attempts[name]))
            if client.number < LAST:
                BEHAVIOURS[name](client)
            else:
                # The client has all events, or has lost some. The check tells.
                client.head(status="HTTP/1.1 204 No Content")
        except OSError:
            pass  # The client has closed the connection.


def main(port, logs):
    os.makedirs(logs, exist_ok=True)
    attempts = {name: itertools.count() for name in BEHAVIOURS}
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    while True:
        tcp, _ = listener.accept()
        threading.Thread(target=serve, args=(tcp, attempts, logs), daemon=True).start()


if __name__ == "__main__":
    if sys.argv[1:]:
        main(int(sys.argv[1]), sys.argv[2])
    else:
        print(*BEHAVIOURS, sep="\n")
