//! Rule: chunks.

use embedded_sse::{InvalidChunk, LossCause};

use super::{CHUNKED, HERE, WHOLE, chunked, head, told};
use crate::script::{Script, answers};

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
fn chunks_have_a_hexadecimal_size_in_any_case() {
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
fn chunks_may_end_their_lines_with_lf_alone() {
    assert_eq!(told(chunked("9\ndata: a\n\n\n0\nA: b\n\n")), WHOLE);
}

#[test]
fn chunks_are_announced_by_chunked_in_any_case() {
    for value in ["Chunked", "CHUNKED", " chunked \t"] {
        let head = head(&format!("transfer-ENCODING:{value}\r\n"));
        let body = "9\r\ndata: a\n\n\r\n0\r\n\r\n";
        assert_eq!(told(answers(head).sends(body)), WHOLE);
    }
}

#[test]
fn chunks_end_at_the_last_chunk_whatever_follows() {
    let body = "9\r\ndata: a\n\n\r\n0\r\n\r\n9\r\ndata: b\n\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(told(chunked(body).ends()), WHOLE);
}

#[test]
fn chunks_without_the_end_are_cut_off() {
    let whole = "9\r\ndata: a\n\n\r\n0\r\nA: b\r\n\r\n";
    for len in 0..whole.len() {
        let told = told(chunked(&whole[..len]).ends());
        assert!(told.starts_with("open 200, "), "{told}");
        assert!(told.ends_with("lost CutOff"), "{told}");
    }
}

#[test]
fn chunks_count_even_beside_a_length() {
    for headers in [
        format!("{CHUNKED}Content-Length: 3\r\n"),
        format!("Content-Length: 3\r\n{CHUNKED}"),
    ] {
        let body = "9\r\ndata: a\n\n\r\n0\r\n\r\n";
        assert_eq!(told(answers(head(&headers)).sends(body)), WHOLE);
    }
}

/// The cause of the loss of a chunked body.
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
fn chunks_may_have_up_to_16_digits_after_another_chunk() {
    for size in ["FFFFFFF", "10000000", "FFFFFFFFFFFFFFFF"] {
        let body = format!("2\r\n:\n\r\n{size}\r\ndata: a\n\n");
        let want = "open 200, message: a, lost CutOff";
        assert_eq!(told(chunked(body).ends()), want, "{size}");
    }
}

#[test]
fn chunks_with_a_size_of_more_than_64_bits_are_refused() {
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
    let with = |len| format!("9;{}\r\ndata: a\n\n\r\n0\r\n\r\n", "x".repeat(len));
    assert_eq!(told(chunked(with(8192))), WHOLE);
    assert_eq!(
        chunk_cause(with(8193)),
        LossCause::Chunk(InvalidChunk::TooLong)
    );
}

#[test]
fn chunks_with_endless_trailers_are_refused() {
    for line in ["x", "x: y\r\n", "xy\n"] {
        let body = format!("0\r\n{}", line.repeat(9000));
        assert_eq!(chunk_cause(body), LossCause::Chunk(InvalidChunk::TooLong));
    }
}

#[test]
fn chunks_may_each_have_an_extension_without_a_total_limit() {
    let body = format!("1;{}\r\n:\r\n", "x".repeat(3000)).repeat(9);
    assert_eq!(told(chunked(body).ends()), "open 200, lost CutOff");
}

#[test]
fn chunks_broken_after_an_event_leave_the_event() {
    let told = told(chunked("9\r\ndata: a\n\n\r\nx"));
    assert_eq!(told, "open 200, message: a, lost Chunk(Size)");
}
