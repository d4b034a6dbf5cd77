//! Rule: head.

use embedded_sse::{Decoder, InvalidHead, Item, LossCause};

use super::{CHUNKED, HERE, cause, cause_in, head, told, told_in};
use crate::script::{Script, answers, default_source, ms, status};

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
fn head_may_start_with_an_empty_line() {
    let response = format!("\r\n{}data: a\n\n", head(""));
    assert_eq!(
        told(answers(response).ends()),
        "open 200, message: a, lost End"
    );
}

#[test]
fn head_does_not_read_its_status_line_as_a_header() {
    for early in ["", "\n", "\r\n"] {
        let response = answers(format!("{early}HTTP/1.1 404 a:b\r\nC: d\r\n\r\n"));
        let log = Script::get(HERE).then(response.ends()).run();
        let headers = log.response.unwrap().headers;
        assert_eq!(headers, [("C".into(), "d".into())]);
    }
}

#[test]
fn head_may_fill_the_memory_to_the_last_byte() {
    let fixed = head("X: \r\n").len();
    let fits = head(&format!("X: {}\r\n", "x".repeat(128 - fixed)));
    assert_eq!(told_in::<128>(answers(fits).ends()), "open 200, lost End");
    let too_long = head(&format!("X: {}\r\n", "x".repeat(129 - fixed)));
    let cause = cause_in::<128>(too_long);
    assert_eq!(cause, LossCause::Head(InvalidHead::TooLong { len: 129 }));
}

#[test]
fn head_that_does_not_fit_is_reported_with_its_length() {
    for (lines, rest, len) in [
        ("A: b\r\n".repeat(500), "\r\n", 17 + 3000 + 2),
        ("x".repeat(3000), "\n\n", 17 + 3000 + 2),
        // A head without an end: the length so far.
        ("A: b\r\n".repeat(500), "", 17 + 3000),
        // An endless head: the limit of the count.
        ("A: b\r\n".repeat(11_000), "", 65_536),
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
    let response = head(&"a:\r\n".repeat(450));
    assert_eq!(told(answers(response).ends()), "open 200, lost End");
}

/// Not in a debug build, which would take long.
#[cfg(not(debug_assertions))]
#[test]
fn head_may_fill_a_large_memory_with_headers() {
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

/// Browsers or curl read these lines. Each one stands before a length, which must still count.
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
        // Lines that are not header fields, some with a folded line.
        ("A\r\nB: c\r\n", "B", "c"),
        (": b\r\nB: c\r\n", "B", "c"),
        ("A b: c\r\nB: c\r\n", "B", "c"),
        ("A\r\n Content-Length: 7\r\nB: c\r\n", "B", "c"),
        ("\u{e9}: b\r\nB: c\r\n", "B", "c"),
        (" A: b\r\nB: c\r\n", "B", "c"),
        ("A(: b\r\nB: c\r\n", "B", "c"),
        // Lines that directly follow the status line.
        (" A: b\r\n\tA: b\r\nB: c\r\n", "B", "c"),
        ("\tContent-Length: 7\nB: c\r\n", "B", "c"),
        (" \r\n \r\nB: c\r\n d\r\n", "B", "c   d"),
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

/// RFC 9112, section 2.2.
#[test]
fn head_ignores_white_space_lines_after_the_status_line_and_does_not_join_them_to_it() {
    for bytes in ["HTTP/1.1\r\n 404 No\r\n\r\n", "\r\nHTTP/1.1\n\t404\n\n"] {
        assert_eq!(
            cause(bytes),
            LossCause::Head(InvalidHead::Malformed),
            "{bytes:?}"
        );
    }
    let log = Script::get(HERE)
        .then(answers(
            "\r\nHTTP/1.1 404\r\n\t2\r\nContent-Length: 0\r\n\r\n",
        ))
        .run();
    assert_eq!(log.stop.unwrap().status, Some(404));
    assert_eq!(log.response.unwrap().headers.len(), 1);
}

#[test]
fn head_with_a_bare_cr_before_its_empty_line_is_refused_whatever_the_cut() {
    let bytes = "HTTP/1.1 200 OK\r\n\r\r\n\r\n";
    assert_eq!(cause(bytes), LossCause::Head(InvalidHead::Malformed));
}

#[test]
fn head_without_an_end_is_awaited_whatever_the_cut() {
    for line in ["\r\r\n", "A: b\r\r\n"] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{line}");
        assert_eq!(cause(bytes), LossCause::ResponseTimeout);
    }
}

#[test]
fn head_that_never_arrives_is_lost_at_the_response_timeout() {
    for bytes in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1", "\r\n"] {
        assert_eq!(cause(bytes), LossCause::ResponseTimeout);
    }
}

#[test]
fn head_that_does_not_start_like_http_is_refused_at_once() {
    for bytes in [
        // An HTTP/2 frame and a TLS alert.
        &b"\0\0\x12\x04\0\0\0\0\0"[..],
        b"\x15\x03\x01\0\x02\x02\x28",
        b"\xff\xfe\xfd",
        b"SSH",
        b"\r\n<",
        b"\r\r\r",
        b"\n\n\n",
        b"HTTP/2",
        &b"x".repeat(3000),
    ] {
        let log = Script::get(HERE).then(answers(bytes)).run();
        assert_eq!(log.told(), ["lost Head(Malformed)", "wait 3000"]);
        assert_eq!(log.time_of("wait 3000"), 0);
    }
}

#[test]
fn head_that_arrives_too_slowly_is_lost_at_the_response_timeout() {
    let mut connection = answers("HTTP/1.1 200 OK\r\nA: ");
    for _ in 0..100 {
        connection = connection.pauses(5000).sends("x");
    }
    let log = Script::get(HERE).then(connection).run();
    assert_eq!(log.time_of("lost ResponseTimeout"), 300_000);
}

#[test]
fn head_after_endless_1xx_is_lost_at_the_response_timeout() {
    let early = "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n";
    let mut connection = answers(early.repeat(300));
    for _ in 0..80 {
        connection = connection.pauses(5000).sends(early);
    }
    let log = Script::get(HERE).then(connection).run();
    assert_eq!(log.time_of("lost ResponseTimeout"), 300_000);
}

#[test]
fn head_that_is_malformed_is_refused_after_a_1xx_or_a_redirect() {
    for early in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 A\r\n\r\n",
    ] {
        let bytes = format!("{early}nonsense\r\n\r\n");
        assert_eq!(cause(bytes), LossCause::Head(InvalidHead::Malformed));
    }
    let log = Script::get(HERE)
        .then(status(307, "Location: /x\r\n"))
        .then(answers("nonsense\r\n\r\n"))
        .run();
    assert_eq!(log.losses, [LossCause::Head(InvalidHead::Malformed)]);
}

#[test]
fn head_of_a_refused_request_may_have_invalid_framing() {
    let response = answers("HTTP/1.1 404 No\r\nContent-Length: x\r\n\r\n");
    let log = Script::get(HERE).then(response).run();
    assert_eq!(log.told(), ["stop Status"]);
    assert_eq!(log.time_of("stop Status"), 0);
}

/// A small random number generator. Its numbers are the same in each run.
fn random(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    (*state >> 33) as usize
}

#[test]
fn damaged_responses_cause_no_panic_and_no_endless_wait() {
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

#[test]
fn head_has_the_date_of_the_server() {
    let date_of = |headers: &str| {
        let mut decoder = Decoder::<512>::new();
        let mut source = default_source(&mut decoder);
        let _ = source.step(ms(0));
        source.connected(ms(0));
        source.wrote(usize::MAX);
        let response = head(headers);
        match source.receive(&mut response.as_bytes(), ms(0)) {
            Some(Item::Open(head)) => head.date(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        date_of("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
        Some(784_111_777)
    );
    assert_eq!(date_of("Date: yesterday\r\n"), None);
    assert_eq!(date_of(""), None);
}
