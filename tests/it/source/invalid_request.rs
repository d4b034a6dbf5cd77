//! Rule: request. Which requests are refused.

use embedded_sse::{Decoder, EventSource, InvalidRequest, Policy, Request};

use super::HERE;
use crate::script::url;

fn checked(method: &str, headers: &[(&str, &str)]) -> Result<(), InvalidRequest> {
    let request = Request {
        method,
        headers,
        ..Request::get(url(HERE))
    };
    let mut decoder = Decoder::<128>::new();
    EventSource::new(request, Policy::DEFAULT, 0, &mut decoder).map(|_| ())
}

#[test]
fn request_method_is_a_token() {
    for method in ["GET", "POST", "REPORT", "M-SEARCH", "get"] {
        assert_eq!(checked(method, &[]), Ok(()));
    }
    for method in [
        "",
        " ",
        "GET ",
        " GET",
        "G T",
        "GET /x HTTP/1.1\r\nX:",
        "GET\n",
        "G\0T",
        "G\u{c9}T",
        "G:T",
    ] {
        assert_eq!(
            checked(method, &[]),
            Err(InvalidRequest::Method),
            "{method:?}"
        );
    }
}

#[test]
fn request_header_name_is_a_token() {
    for name in [
        "", " ", "A ", " A", "A:", "A\r\nB", "A\0", "\u{e9}", "A\tB", "A(b)", "A\u{7f}",
    ] {
        let headers = [("X", "y"), (name, "z")];
        let want = Err(InvalidRequest::HeaderName { index: 1 });
        assert_eq!(checked("GET", &headers), want, "{name:?}");
    }
    assert_eq!(checked("GET", &[("x!#$%&'*+-.^_`|~0", "y")]), Ok(()));
}

#[test]
fn request_header_value_has_no_control_characters() {
    for value in [
        "a\r\nX: y",
        "a\rb",
        "a\nb",
        "\n",
        "\0",
        "a\u{1}",
        "a\u{7f}",
        " a",
        "a ",
        "\ta",
        "a\t",
        " ",
    ] {
        let headers = [("X", "y"), ("Y", "z"), ("Z", value)];
        let want = Err(InvalidRequest::HeaderValue { index: 2 });
        assert_eq!(checked("GET", &headers), want, "{value:?}");
    }
    for value in ["", "a", "a b", "a\tb", "\u{e9}", ":", "a: b"] {
        assert_eq!(checked("GET", &[("X", value)]), Ok(()));
    }
}

#[test]
fn request_header_does_not_frame_the_body() {
    for name in [
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "TRANSFER-ENCODING",
    ] {
        let want = Err(InvalidRequest::Framing { index: 0 });
        assert_eq!(checked("POST", &[(name, "5")]), want);
    }
}

#[test]
fn request_error_names_the_first_invalid_header() {
    let headers = [("A", "b"), ("C", "\n"), ("", "e")];
    assert_eq!(
        checked("GET", &headers),
        Err(InvalidRequest::HeaderValue { index: 1 })
    );
}

#[test]
fn request_whose_response_has_no_body_is_refused() {
    for method in ["HEAD", "CONNECT"] {
        assert_eq!(checked(method, &[]), Err(InvalidRequest::NoBody));
    }
}
