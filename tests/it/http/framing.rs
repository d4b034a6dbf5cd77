//! Rules: framing, length, until close.

use embedded_sse::{InvalidHead, LossCause};

use super::{HERE, cause, head, told};
use crate::script::{Log, Script, answers};

#[test]
fn length_reached_ends_the_response_on_an_open_connection() {
    let response = format!("{}data: a\n\n", head("Content-Length: 9\r\n"));
    assert_eq!(told(answers(response)), "open 200, message: a, lost End");
}

#[test]
fn length_reached_ends_the_response_whatever_follows() {
    let response = format!("{}data: a\n\ndata: b\n\n", head("Content-Length: 9\r\n"));
    assert_eq!(
        told(answers(response).ends()),
        "open 200, message: a, lost End"
    );
}

#[test]
fn length_reached_inside_an_event_drops_the_event() {
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
fn length_of_zero_ends_the_response_at_once() {
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
fn length_that_is_not_a_number_is_refused() {
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
fn length_may_be_given_twice_if_both_are_equal() {
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

#[test]
fn until_close_ends_with_the_connection() {
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
fn until_close_is_the_framing_of_http_1_0_too() {
    let response = head("").replace("HTTP/1.1", "HTTP/1.0");
    let stream = answers(response).sends("data: a\n\n").ends();
    assert_eq!(told(stream), "open 200, message: a, lost End");
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    Chunked,
    Length,
    UntilClose,
    Invalid,
}

/// RFC 9112, section 6.3, for a status that has a body. Written from the text of the RFC.
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

type Run = fn(&Script<'_>) -> Log;

/// The framing that the client uses. Each framing finds other events in the same body.
fn framing(fields: &[(&str, &str)], run: Run) -> Framing {
    let lines = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let head = head(&lines.collect::<String>());
    let body = "8\r\ndata:a\n\n\r\n0\r\n\r\ndata:b\n\n";
    let log = run(&Script::get(HERE).then(answers(head + body).ends()));
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
        "x",
        "identity, chunked",
        "chunked ,chunked",
        "chunked, identity",
        "x, chunked",
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
    let check = |fields: &[_], run: Run| {
        assert_eq!(
            framing(fields, run),
            framing_by_the_rfc(fields),
            "{fields:?}"
        );
    };
    check(&[], |script| script.run());
    for first in &fields {
        check(&[*first], |script| script.run());
        for second in &fields {
            check(&[*first, *second], |script| script.run_briefly());
        }
    }
    let some = |index: usize| [fields[0], fields[2], fields[12], fields[13], fields[14]][index % 5];
    for index in 0..125 {
        let three = [some(index), some(index / 5), some(index / 25)];
        check(&three, |script| script.run_briefly());
    }
}
