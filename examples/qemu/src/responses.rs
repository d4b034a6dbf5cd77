//! Responses with the expected result: the items, and what the client does when the server has closed the
//! connection. Some contain lengths and times that do not fit in 32 bits.

/// Each response with its expected result, whose fields are separated by `|`.
pub fn responses() -> impl Iterator<Item = (String, &'static str)> {
    let long = "x".repeat(LONG);
    let responses = [
        // The end of the connection is that of the body.
        (
            stream("", "data: a\n\n"),
            "open|200|event|message|a||lost|End|3000",
        ),
        (stream("", "data: a"), "open|200|lost|End|3000"),
        (stream("", ""), "open|200|lost|End|3000"),
        (
            "http/1.0 200\nContent-Type: Text/Event-Stream;charset=utf-8\n\ndata: a\n\n".to_owned(),
            "open|200|event|message|a||lost|End|3000",
        ),
        // Content-Length.
        (
            stream("Content-Length: 9\r\n", "data: a\n\n"),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream("Content-Length: 9\r\n", "data: a\n\ndata: b\n\n"),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream("Content-Length: 8\r\n", "data: a\n\n"),
            "open|200|lost|End|3000",
        ),
        (
            stream("Content-Length: 10\r\n", "data: a\n\n"),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream("Content-Length: 9, 09\r\n", "data: a\n\n"),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream("Content-Length: 4294967295\r\n", "data: a\n\n"),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream("Content-Length: 4294967296\r\n", "data: a\n\n"),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream("Content-Length: 4294967305\r\n", "data: a\n\ndata: a\n\n"),
            "open|200|event|message|a||event|message|a||lost|CutOff|3000",
        ),
        (
            stream("Content-Length: 18446744073709551615\r\n", "data: a\n\n"),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream("Content-Length: 18446744073709551616\r\n", "data: a\n\n"),
            "lost|Head(ContentLength)|3000",
        ),
        (
            stream("Content-Length: 9, 4294967305\r\n", "data: a\n\n"),
            "lost|Head(ContentLength)|3000",
        ),
        (
            stream("Content-Length: -9\r\n", "data: a\n\n"),
            "lost|Head(ContentLength)|3000",
        ),
        // Chunks.
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "9\r\ndata: a\n\n\r\n0\r\n\r\n",
            ),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "4;x=y\r\ndata\r\n3\r\n: a\r\n2\r\n\n\n\r\n0\r\nA: b\r\n\r\n",
            ),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "0000000000000000000000009\ndata: a\n\n\n0\n\n",
            ),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream("Transfer-Encoding: chunked\r\n", "9\r\ndata: a\n\n\r\n"),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
                "9\r\ndata: a\n\n\r\n0\r\n\r\n",
            ),
            "open|200|event|message|a||lost|End|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "100000000\r\ndata: a\n\n\r\n0\r\n\r\n",
            ),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "100000009\r\ndata: a\n\n\r\n0\r\n\r\n",
            ),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "ffffffffffffffff\r\ndata: a\n\n",
            ),
            "open|200|event|message|a||lost|CutOff|3000",
        ),
        (
            stream(
                "Transfer-Encoding: chunked\r\n",
                "10000000000000000\r\ndata: a\n\n",
            ),
            "open|200|lost|Chunk(Size)|3000",
        ),
        (
            stream("Transfer-Encoding: chunked\r\n", "9\r\ndata: a\n\n\r\nx"),
            "open|200|event|message|a||lost|Chunk(Size)|3000",
        ),
        (
            stream("Transfer-Encoding: chunked\r\n", "9\r\ndata: a\n\nx"),
            "open|200|event|message|a||lost|Chunk(LineEnd)|3000",
        ),
        // Heads.
        (
            [
                "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n",
                &stream("", "data: a\n\n"),
            ]
            .concat(),
            "open|200|event|message|a||lost|End|3000",
        ),
        ("data: a\n\n".to_owned(), "lost|Head(Malformed)|3000"),
        ("HTTP/2 200\r\n\r\n".to_owned(), "lost|Head(Malformed)|3000"),
        (
            "HTTP/1.1 200 O\0K\r\n\r\n".to_owned(),
            "lost|Head(Malformed)|3000",
        ),
        (stream("A: b\rc\r\n", ""), "lost|Head(Malformed)|3000"),
        ("HTTP/1.1 200 OK\r\n".to_owned(), "lost|CutOff|3000"),
        ("".to_owned(), "lost|CutOff|3000"),
        // Verdicts.
        (
            "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            "stopped|NoContent",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nbody".to_owned(),
            "stopped|Status",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4294967296\r\n\r\nbody".to_owned(),
            "stopped|Status",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>".to_owned(),
            "stopped|ContentType",
        ),
        (
            stream("Content-Encoding: gzip\r\n", ""),
            "stopped|ContentEncoding",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n".to_owned(),
            "lost|Status(503)|3000",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n\r\n".to_owned(),
            "lost|Status(503)|120000",
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 4294967296\r\n\r\n".to_owned(),
            "lost|Status(429)|4294967296000",
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\n\r\n".to_owned(),
            "stopped|Redirect(TooMany)",
        ),
        (
            "HTTP/1.1 301 Moved Permanently\r\n\r\n".to_owned(),
            "stopped|Redirect(Location)",
        ),
        // Fields of the stream.
        (
            stream("", "retry: 10000\nid: 1\nevent: x\ndata: a\n\n"),
            "open|200|event|x|a|1|lost|End|10000",
        ),
        (
            stream("", "retry: 4294967297\ndata: a\n\n"),
            "open|200|event|message|a||lost|End|3600000",
        ),
        // Too long.
        (
            stream(&format!("A: {long}\r\n"), "data: a\n\n"),
            "lost|Head(TooLong { len: 657 })|3000",
        ),
        (
            stream("", &format!("data: {long}\n\ndata: a\n\n")),
            "open|200|TooLong(Data { len: 600 })|event|message|a||lost|End|3000",
        ),
    ];
    responses.into_iter()
}

/// More bytes than the board's decoder holds.
const LONG: usize = 600;

/// A stream with these header lines too.
fn stream(headers: &str, body: &str) -> String {
    let start = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    [start, headers, "\r\n", body].concat()
}
