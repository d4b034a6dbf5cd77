"""A TCP proxy that ends each connection after some bytes of the response, with FIN or RST in turn.

usage: proxy.py PORT SERVER_PORT LOG
       LOG gets a line with the Last-Event-ID of each request
"""

import itertools
import socket
import struct
import sys
import threading

from request_log import log, read_head


def lengths():
    """The numbers of bytes after which connections end: pseudo-random, but the same in each run. Some are within
    the head of the response."""
    state = 1
    while True:
        state = state * 1103515245 % 2**31 + 12345
        yield 150 + (state >> 8) % 3000


def copy_requests(client, server, log_path):
    try:
        if head := read_head(client):
            log(log_path, head)
            server.sendall(head)
        while data := client.recv(65536):
            server.sendall(data)
    except OSError:
        pass  # One connection is closed. The other direction ends the other one.


def reset(connection):
    """Closes the connection with RST instead of FIN."""
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    # The thread that reads would keep the connection open. This wakes it without sending anything.
    connection.shutdown(socket.SHUT_RD)
    connection.close()


def serve(client, server_port, log_path, length, by_reset):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with socket.create_connection(("127.0.0.1", server_port)) as server:
        args = (client, server, log_path)
        threading.Thread(target=copy_requests, args=args, daemon=True).start()
        try:
            while length > 0 and (data := server.recv(min(length, 65536))):
                client.sendall(data)
                length -= len(data)
        except OSError:
            pass
        if by_reset:
            reset(client)
        else:
            client.shutdown(socket.SHUT_RDWR)
            client.close()
        server.shutdown(socket.SHUT_RDWR)


def main(port, server_port, log_path):
    listener = socket.create_server(("127.0.0.1", port))
    for length, by_reset in zip(lengths(), itertools.cycle([False, True])):
        client, _ = listener.accept()
        args = (client, server_port, log_path, length, by_reset)
        threading.Thread(target=serve, args=args, daemon=True).start()


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
