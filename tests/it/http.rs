//! What a server may send, and what none should: RFC 9112 as an event source sees it.

use crate::script::{Connection, Script, answers};
use embedded_sse::{InvalidChunk, InvalidHead, LossCause};

const HERE: &str = "http://h/stream";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// The head of an event stream with these header lines too.
fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{headers}\r\n")
}

fn chunked(body: impl AsRef<[u8]>) -> Connection {
    answers(head(CHUNKED)).sends(body)
}

/// What is told until the wait, which must come within the response timeout.
fn told(connection: Connection) -> String {
    told_in::<2048>(connection)
}

fn told_in<const DATA: usize>(connection: Connection) -> String {
    let log = Script::get(HERE).then(connection).run_in::<DATA>();
    assert!(log.time_of("wait 3000") <= 300_000);
    assert_eq!(log.told().pop(), Some("wait 3000"));
    let mut told = log.told();
    told.pop();
    told.join(", ")
}

/// How it is lost, without having been open.
fn cause(bytes: impl AsRef<[u8]>) -> LossCause {
    cause_in::<2048>(bytes)
}

fn cause_in<const DATA: usize>(bytes: impl AsRef<[u8]>) -> LossCause {
    let log = Script::get(HERE).then(answers(bytes)).run_in::<DATA>();
    assert_eq!(log.losses.len(), 1);
    assert_eq!(log.lines.len(), 2, "{log:?}");
    assert!(log.lines[0].0 <= 300_000);
    log.losses[0]
}

// ---- Content-Length ----

#[test]
fn length_reached_is_the_end_without_an_end_of_the_connection() {
    let response = format!("{}data: a\n\n", head("Content-Length: 9\r\n"));
    assert_eq!(told(answers(response)), "open 200, message: a, lost End");
}

#[test]
fn length_reached_ignores_what_follows() {
    let response = format!("{}data: a\n\ndata: b\n\n", head("Content-Length: 9\r\n"));
    assert_eq!(
        told(answers(response).ends()),
        "open 200, message: a, lost End"
    );
}

#[test]
fn length_cuts_an_event() {
    let response = format!("{}data: a\n\n", head("Content-Length: 8\r\n"));
    assert_eq!(told(answers(response)), "open 200, lost End");
}

#[test]
fn length_not_reached_is_cut_off() {
    let response = answers(head("Content-Length: 10\r\n")).sends("data: a\n\n");
    let cut_off = "open 200, message: a, lost CutOff";
    assert_eq!(told(response.clone().ends()), cut_off);
    let reset = "open 200, message: a, lost Transport";
    assert_eq!(told(response.resets()), reset);
}

#[test]
fn length_of_zero_is_an_end_at_once() {
    assert_eq!(
        told(answers(head("Content-Length: 0\r\n"))),
        "open 200, lost End"
    );
}

#[test]
fn length_may_have_leading_zeros_and_be_huge() {
    let zeros = format!(
        "{}data: a\n\n",
        head("Content-Length: 0000000000000000000000009\r\n")
    );
    assert_eq!(told(answers(zeros)), "open 200, message: a, lost End");
    let huge = head("content-length: 18446744073709551615\r\n");
    let huge = answers(huge).sends("data: a\n\n").ends();
    assert_eq!(told(huge), "open 200, message: a, lost CutOff");
}

#[test]
fn length_that_is_no_number_is_refused() {
    for value in [
        "",
        "+5",
        "-5",
        ",",
        "5 5",
        "5,6",
        "5, 5, 6",
        "0x5",
        "5.0",
        "five",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        let bytes = head(&format!("Content-Length: {value}\r\n"));
        assert_eq!(
            cause(bytes),
            LossCause::Head(InvalidHead::ContentLength),
            "{value}"
        );
    }
}

#[test]
fn length_given_twice_is_one_if_both_are_equal() {
    for lengths in [
        "9\r\nContent-Length: 9",
        "9, 9",
        "9,09\r\ncontent-length:9",
        "9,",
    ] {
        let response = answers(head(&format!("Content-Length: {lengths}\r\n")));
        let told = told(response.sends("data: a\n\ndata: b\n\n"));
        assert_eq!(told, "open 200, message: a, lost End", "{lengths}");
    }
    for lengths in ["5\r\nContent-Length: 6", "5, 6", "5\r\nContent-Length: x"] {
        let bytes = head(&format!("Content-Length: {lengths}\r\n"));
        assert_eq!(cause(bytes), LossCause::Head(InvalidHead::ContentLength));
    }
}

// ---- until the connection's end ----

#[test]
fn until_close_an_end_is_the_end() {
    let stream = answers(head("")).sends("data: a\n\n");
    assert_eq!(
        told(stream.clone().ends()),
        "open 200, message: a, lost End"
    );
    assert_eq!(
        told(stream.resets()),
        "open 200, message: a, lost Transport"
    );
}

#[test]
fn until_close_is_http_1_0_too() {
    let response = head("").replace("HTTP/1.1", "HTTP/1.0");
    let stream = answers(response).sends("data: a\n\n").ends();
    assert_eq!(told(stream), "open 200, message: a, lost End");
}

// ---- chunked ----

const WHOLE: &str = "open 200, message: a, lost End";

#[test]
fn chunks_are_joined() {
    for body in [
        "9\r\ndata: a\n\n\r\n0\r\n\r\n",
        "4\r\ndata\r\n3\r\n: a\r\n2\r\n\n\n\r\n0\r\n\r\n",
        "1\r\nd\r\n1\r\na\r\n7\r\nta: a\n\n\r\n0\r\n\r\n",
    ] {
        assert_eq!(told(chunked(body)), WHOLE, "{body}");
        assert_eq!(told(chunked(body).ends()), WHOLE, "{body}");
    }
}

#[test]
fn chunks_may_have_extensions_and_white_space() {
    for line in [
        "9;a",
        "9;a=b",
        "9; a=\"b;c\"",
        "9 ;a",
        "9 ",
        "9\t",
        "9;",
        "9;\u{e9}",
    ] {
        let body = format!("{line}\r\ndata: a\n\n\r\n0;x=y\r\n\r\n");
        assert_eq!(told(chunked(body)), WHOLE, "{line}");
    }
}

#[test]
fn chunks_may_have_leading_zeros() {
    let body = "00000000000000000000009\r\ndata: a\n\n\r\n00000\r\n\r\n";
    assert_eq!(told(chunked(body)), WHOLE);
}

#[test]
fn chunks_have_a_size_in_hex_of_any_case() {
    let data = "x".repeat(0xab - 8);
    for size in ["ab", "AB", "aB", "0Ab"] {
        let body = format!("{size}\r\ndata: {data}\n\n\r\n0\r\n\r\n");
        let want = format!("open 200, message: {data}, lost End");
        assert_eq!(told(chunked(body)), want);
    }
}

#[test]
fn chunks_may_have_trailers() {
    for trailers in [
        "A: b\r\n",
        "A: b\r\nC: d\r\n",
        "no header at all\r\n",
        "0\r\n",
    ] {
        let body = format!("9\r\ndata: a\n\n\r\n0\r\n{trailers}\r\n");
        assert_eq!(told(chunked(body)), WHOLE, "{trailers}");
    }
}

#[test]
fn chunks_may_have_lines_that_end_with_lf_alone() {
    assert_eq!(told(chunked("9\ndata: a\n\n\n0\nA: b\n\n")), WHOLE);
}

#[test]
fn chunks_are_meant_by_chunked_in_any_case() {
    for value in ["Chunked", "CHUNKED", " chunked \t"] {
        let head = head(&format!("transfer-ENCODING:{value}\r\n"));
        let body = "9\r\ndata: a\n\n\r\n0\r\n\r\n";
        assert_eq!(told(answers(head).sends(body)), WHOLE);
    }
}

#[test]
fn chunks_end_before_what_follows() {
    let body = "9\r\ndata: a\n\n\r\n0\r\n\r\n9\r\ndata: b\n\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(told(chunked(body).ends()), WHOLE);
}

#[test]
fn chunks_not_ended_are_cut_off() {
    let whole = "9\r\ndata: a\n\n\r\n0\r\nA: b\r\n\r\n";
    for len in 0..whole.len() {
        let told = told(chunked(&whole[..len]).ends());
        assert!(told.starts_with("open 200, "), "{told}");
        assert!(told.ends_with("lost CutOff"), "{told}");
    }
}

#[test]
fn chunks_count_if_there_is_a_length_too() {
    for headers in [
        format!("{CHUNKED}Content-Length: 3\r\n"),
        format!("Content-Length: 3\r\n{CHUNKED}"),
    ] {
        let body = "9\r\ndata: a\n\n\r\n0\r\n\r\n";
        assert_eq!(told(answers(head(&headers)).sends(body)), WHOLE);
    }
}

/// How a chunked body is lost.
fn chunk_cause(body: impl AsRef<[u8]>) -> LossCause {
    let connection = chunked(body);
    let log = Script::get(HERE).then(connection).run();
    assert_eq!(log.told()[0], "open 200");
    assert_eq!(log.lines.last().unwrap().0, 0);
    log.losses[0]
}

#[test]
fn chunks_without_a_size_are_refused() {
    for body in [
        "\r\n",
        "\n",
        ";a\r\n",
        " 5\r\n",
        "0x5\r\n",
        "+5\r\n",
        "-5\r\n",
        "g\r\n",
        "5g\r\n",
        "\u{e9}",
        "5\0",
        "data: a\n\n",
        "9\r\ndata: a\n\n\r\n\r\n",
    ] {
        assert_eq!(
            chunk_cause(body),
            LossCause::Chunk(InvalidChunk::Size),
            "{body:?}"
        );
    }
}

#[test]
fn chunks_beyond_64_bits_are_refused() {
    for size in ["10000000000000000", "fffffffffffffffff", &"f".repeat(500)] {
        assert_eq!(chunk_cause(size), LossCause::Chunk(InvalidChunk::Size));
    }
    let most = chunked("ffffffffffffffff\r\ndata: a\n\n").ends();
    assert_eq!(told(most), "open 200, message: a, lost CutOff");
}

#[test]
fn chunks_with_a_wrong_line_end_are_refused() {
    for body in [
        "5\rx",
        "5\r\r",
        "5;a\rx",
        "5 \r\r\n",
        "1\r\na1\r\n",
        "1\r\na\rx",
        "1\r\na\r\r\n",
        "1\r\na 1\r\n",
        "0\r\n\rx",
        "0\r\nA: b\rc\r\n\r\n",
        "0\r\nA: b\r\n\r\r\n",
    ] {
        assert_eq!(
            chunk_cause(body),
            LossCause::Chunk(InvalidChunk::LineEnd),
            "{body:?}"
        );
    }
}

#[test]
fn chunks_with_an_endless_extension_are_refused() {
    for body in ["5;", "5 ", "0;"] {
        let body = format!("{body}{}", "x".repeat(9000));
        assert_eq!(chunk_cause(body), LossCause::Chunk(InvalidChunk::TooLong));
    }
    let zeros = "0".repeat(9000);
    assert_eq!(chunk_cause(zeros), LossCause::Chunk(InvalidChunk::TooLong));
    let most = format!("9;{}\r\ndata: a\n\n\r\n0\r\n\r\n", "x".repeat(8191));
    assert_eq!(told(chunked(most)), WHOLE);
}

#[test]
fn chunks_with_endless_trailers_are_refused() {
    for line in ["x", "x: y\r\n", "xy\n"] {
        let body = format!("0\r\n{}", line.repeat(9000));
        assert_eq!(chunk_cause(body), LossCause::Chunk(InvalidChunk::TooLong));
    }
}

#[test]
fn chunks_without_end_may_each_have_an_extension() {
    let body = format!("1;{}\r\n:\r\n", "x".repeat(3000)).repeat(9);
    assert_eq!(told(chunked(body).ends()), "open 200, lost CutOff");
}

#[test]
fn chunk_that_is_broken_behind_an_event_leaves_the_event() {
    let told = told(chunked("9\r\ndata: a\n\n\r\nx"));
    assert_eq!(told, "open 200, message: a, lost Chunk(Size)");
}

// ---- Transfer-Encoding ----

#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    Chunked,
    Length,
    UntilClose,
    Invalid,
}

/// RFC 9112, section 6.3, for a status that has a body: written from its text.
fn framing_by_the_rfc(fields: &[(&str, &str)]) -> Framing {
    let members = |name| -> Option<Vec<String>> {
        let values = fields.iter().filter(|field| field.0 == name);
        let values: Vec<_> = values.map(|field| field.1).collect();
        let list = values.join(",").to_lowercase();
        let members = list.split(',').map(str::trim);
        let members = members.filter(|member| !member.is_empty());
        (!values.is_empty()).then(|| members.map(Into::into).collect())
    };
    if let Some(codings) = members("Transfer-Encoding") {
        return match codings.last() {
            Some(last) if last == "chunked" => Framing::Chunked,
            _ => Framing::UntilClose,
        };
    }
    let Some(lengths) = members("Content-Length") else {
        return Framing::UntilClose;
    };
    let digits = |length: &String| length.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = lengths.iter().filter(|length| digits(length));
    let numbers: Option<Vec<u64>> = numbers.map(|length| length.parse().ok()).collect();
    match numbers {
        Some(numbers) if numbers.len() == lengths.len() => match &numbers[..] {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => Framing::Length,
            _ => Framing::Invalid,
        },
        _ => Framing::Invalid,
    }
}

/// What the client makes of a body that has other events in each framing.
fn framing(fields: &[(&str, &str)]) -> Framing {
    let lines = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let head = head(&lines.collect::<String>());
    let body = "8\r\ndata:a\n\n\r\n0\r\n\r\ndata:b\n\n";
    let log = Script::get(HERE).then(answers(head + body).ends()).run();
    match log.told()[..] {
        ["open 200", "message: a", "lost End", _] => Framing::Chunked,
        ["open 200", "lost End", _] => Framing::Length,
        ["open 200", "message: a", "message: b", "lost End", _] => Framing::UntilClose,
        ["lost Head(ContentLength)", _] => Framing::Invalid,
        ref other => panic!("{fields:?}: {other:?}"),
    }
}

#[test]
fn framing_is_that_of_rfc_9112() {
    let codings = [
        "chunked",
        "CHUNKED",
        "identity",
        "",
        "gzip",
        "identity, chunked",
        "chunked ,chunked",
        "chunked, identity",
        "gzip, chunked",
        "chunked,",
        "chunked;x",
        "xchunked",
    ];
    let lengths = [
        "3",
        "03",
        "5",
        "3, 3",
        "3,5",
        "3,",
        "",
        "x",
        "+3",
        "-3",
        "3 3",
        "18446744073709551616",
    ];
    let codings = codings.map(|value| ("Transfer-Encoding", value));
    let lengths = lengths.map(|value| ("Content-Length", value));
    let fields: Vec<_> = codings.into_iter().chain(lengths).collect();
    let check =
        |fields: &[_]| assert_eq!(framing(fields), framing_by_the_rfc(fields), "{fields:?}");
    check(&[]);
    for first in &fields {
        check(&[*first]);
        for second in &fields {
            check(&[*first, *second]);
        }
    }
    let some = |index: usize| [fields[0], fields[2], fields[12], fields[13], fields[14]][index % 5];
    for index in 0..125 {
        check(&[some(index), some(index / 5), some(index / 25)]);
    }
}

// ---- heads ----

#[test]
fn head_may_end_its_lines_with_lf_alone() {
    let response = head("").replace("\r\n", "\n");
    assert_eq!(told(answers(response).ends()), "open 200, lost End");
}

#[test]
fn head_may_have_an_odd_status_line() {
    for line in [
        "HTTP/1.1 200 ",
        "HTTP/1.1 200",
        "HTTP/1.0 200 OK",
        "http/1.1 200 ok",
        "HTTP/1.2  200 OK",
    ] {
        let response = head("").replace("HTTP/1.1 200 OK", line);
        assert_eq!(told(answers(response).ends()), "open 200, lost End");
    }
}

#[test]
fn head_may_begin_with_an_empty_line() {
    let response = format!("\r\n{}data: a\n\n", head(""));
    assert_eq!(
        told(answers(response).ends()),
        "open 200, message: a, lost End"
    );
}

#[test]
fn head_has_a_status_line_that_is_no_header() {
    for early in ["", "\n", "\r\n"] {
        let response = answers(format!("{early}HTTP/1.1 404 a:b\r\nC: d\r\n\r\n"));
        let log = Script::get(HERE).then(response.ends()).run();
        let headers = log.response.unwrap().headers;
        assert_eq!(headers, [("C".into(), "d".into())]);
    }
}

#[test]
fn head_fills_the_memory_to_the_last_byte() {
    let fixed = head("X: \r\n").len();
    let fits = head(&format!("X: {}\r\n", "x".repeat(128 - fixed)));
    assert_eq!(told_in::<128>(answers(fits).ends()), "open 200, lost End");
    let too_long = head(&format!("X: {}\r\n", "x".repeat(129 - fixed)));
    let cause = cause_in::<128>(too_long);
    assert_eq!(cause, LossCause::Head(InvalidHead::TooLong { len: 129 }));
}

#[test]
fn head_that_does_not_fit_is_told_with_its_length() {
    for (lines, rest, len) in [
        ("A: b\r\n".repeat(500), "\r\n", 17 + 3000 + 2),
        ("x".repeat(3000), "\n\n", 17 + 3000 + 2),
        // Ended or silent before its end: as far as it came.
        ("A: b\r\n".repeat(500), "", 17 + 3000),
        // Of an endless one as much as any server sends.
        ("A: b\r\n".repeat(20_000), "", 65_536),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{lines}{rest}");
        let want = LossCause::Head(InvalidHead::TooLong { len });
        for connection in [
            answers(&bytes),
            answers(&bytes).ends(),
            answers(&bytes).resets(),
        ] {
            let log = Script::get(HERE).then(connection).run();
            assert_eq!(log.losses, [want]);
        }
        assert!(want.to_string().contains(&len.to_string()));
    }
}

#[test]
fn head_may_have_any_number_of_headers() {
    let response = head(&"a:b\r\n".repeat(5000));
    let log = Script::get(HERE).then(answers(response).ends());
    assert_eq!(log.run_in::<65536>().losses, [LossCause::End]);
}

#[test]
fn head_that_is_malformed_is_refused() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for bytes in [
        "garbage\n\n",
        "\r\n\r\n",
        "\n\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.x 200 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1200 OK\r\n\r\n",
        "HTTP/1.11 200 OK\r\n\r\n",
        "HTTP/1.1 200OK\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n",
        "<html>\r\n\r\n",
        "data: a\n\n",
    ] {
        assert_eq!(
            cause(bytes),
            LossCause::Head(InvalidHead::Malformed),
            "{bytes:?}"
        );
    }
    for line in [
        "A: b\0c\r\n",
        "A\0: b\r\n",
        "A\0\r\n",
        "A: b\rc\r\n",
        "A: b\r\r\n",
        "A: b\rContent-Length: 5\r\n",
        "A: b\r\r\n c\r\n",
        "A: b\r c\r\n",
    ] {
        let bytes = format!("{ok}{line}\r\n");
        assert_eq!(
            cause(bytes),
            LossCause::Head(InvalidHead::Malformed),
            "{line:?}"
        );
    }
}

/// What a browser or curl reads. Each line stands before a length, which has to count.
#[test]
fn head_with_odd_lines_is_read() {
    for (line, name, value) in [
        ("A : b\r\n", "A", "b"),
        ("A\t \t: b\r\n", "A", "b"),
        ("A: b\r\n folded\r\n", "A", "b   folded"),
        (
            "A: b\n\tfolded\r\n \r\n  twice\n",
            "A",
            "b \tfolded       twice",
        ),
        ("A:\r\n b\r\n", "A", "b"),
        ("A: b\x01\x1b\x7fc\r\n", "A", "b\x01\x1b\x7fc"),
        ("A: \u{7f}\r\n", "A", "\u{7f}"),
        ("A: \u{e9}\r\n", "A", "\u{e9}"),
        // Lines that are no header fields, and what is folded to them.
        ("A\r\nB: c\r\n", "B", "c"),
        (": b\r\nB: c\r\n", "B", "c"),
        ("A b: c\r\nB: c\r\n", "B", "c"),
        ("A\r\n Content-Length: 7\r\nB: c\r\n", "B", "c"),
        ("\u{e9}: b\r\nB: c\r\n", "B", "c"),
        (" A: b\r\nB: c\r\n", "B", "c"),
        ("A(: b\r\nB: c\r\n", "B", "c"),
    ] {
        let bytes = format!("HTTP/1.1 404 \x01No\r\n{line}Content-Length: 4\r\n\r\nbodymore");
        let log = Script::get(HERE).then(answers(bytes)).run();
        assert_eq!(log.told(), ["stop Status"], "{line:?}");
        let response = log.response.unwrap();
        let lines = [(name, value), ("Content-Length", "4")];
        let want = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(response.headers, want, "{line:?}");
        assert_eq!(response.body, "body", "{line:?}");
    }
}

#[test]
fn head_with_a_bare_cr_before_its_empty_line_is_refused_in_any_cut() {
    let bytes = "HTTP/1.1 200 OK\r\n\r\r\n\r\n";
    assert_eq!(cause(bytes), LossCause::Head(InvalidHead::Malformed));
}

#[test]
fn head_that_waits_for_an_end_waits_in_any_cut() {
    for line in ["\r\r\n", "A: b\r\r\n"] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{line}");
        assert_eq!(cause(bytes), LossCause::ResponseTimeout);
    }
}

#[test]
fn head_that_never_comes_ends_by_the_response_timeout() {
    for bytes in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1", "\r\n"] {
        assert_eq!(cause(bytes), LossCause::ResponseTimeout);
    }
}

#[test]
fn head_that_does_not_begin_like_http_is_refused_at_once() {
    for bytes in [
        // A frame of HTTP/2, an alert of TLS.
        &b"\0\0\x12\x04\0\0\0\0\0"[..],
        b"\x15\x03\x01\0\x02\x02\x28",
        b"\xff\xfe\xfd",
        b"SSH",
        b"\r\n<",
        b"HTTP/2",
        &b"x".repeat(3000),
    ] {
        let log = Script::get(HERE).then(answers(bytes)).run();
        assert_eq!(log.told(), ["lost Head(Malformed)", "wait 3000"]);
        assert_eq!(log.time_of("wait 3000"), 0);
    }
}

#[test]
fn head_that_drips_ends_by_the_response_timeout() {
    let mut connection = answers("HTTP/1.1 200 OK\r\nA: ");
    for _ in 0..100 {
        connection = connection.pauses(5000).sends("x");
    }
    let log = Script::get(HERE).then(connection).run();
    assert_eq!(log.time_of("lost ResponseTimeout"), 300_000);
}

#[test]
fn head_behind_endless_1xx_ends_by_the_response_timeout() {
    let early = "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n";
    let mut connection = answers(early.repeat(300));
    for _ in 0..80 {
        connection = connection.pauses(5000).sends(early);
    }
    let log = Script::get(HERE).then(connection).run();
    assert_eq!(log.time_of("lost ResponseTimeout"), 300_000);
}

#[test]
fn head_that_is_malformed_is_refused_behind_a_1xx_and_a_redirect() {
    for early in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 A\r\n\r\n",
    ] {
        let bytes = format!("{early}nonsense\r\n\r\n");
        assert_eq!(cause(bytes), LossCause::Head(InvalidHead::Malformed));
    }
    let log = Script::get(HERE)
        .then(crate::script::status(307, "Location: /x\r\n"))
        .then(answers("nonsense\r\n\r\n"))
        .run();
    assert_eq!(log.losses, [LossCause::Head(InvalidHead::Malformed)]);
}

#[test]
fn head_that_refuses_may_be_framed_wrongly() {
    let response = answers("HTTP/1.1 404 No\r\nContent-Length: x\r\n\r\n");
    let log = Script::get(HERE).then(response).run();
    assert_eq!(log.told(), ["stop Status"]);
    assert_eq!(log.time_of("stop Status"), 0);
}

/// A small generator, so that a failure can be repeated.
fn random(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    (*state >> 33) as usize
}

#[test]
fn damaged_responses_never_panic_nor_wait_without_end() {
    let responses = [
        format!("{}3;x\r\nda\n\r\n0\r\nA: b\r\n\r\n", head(CHUNKED)),
        format!("{}data: a\n\n", head("Content-Length: 9\r\n")),
        "HTTP/1.1 302 Found\r\nLocation: ../x/./y?z\r\n\r\n".into(),
        "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n".into(),
    ];
    let mut state = 1;
    for round in 0..400 {
        let mut bytes = responses[round % responses.len()].clone().into_bytes();
        for _ in 0..1 + random(&mut state) % 3 {
            let place = random(&mut state) % bytes.len();
            bytes[place] = b"\r\n\0: ;0f9\xff/.h"[random(&mut state) % 13];
        }
        let log = Script::get(HERE)
            .then(answers(bytes).ends())
            .run_in::<128>();
        assert!(log.lines.iter().all(|(time, _)| *time <= 30_000));
        assert!(!log.told().contains(&"silent for ever"));
    }
}
