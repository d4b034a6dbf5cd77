//! URLs, and what must not get into a request.

use embedded_sse::{
    Decoder, EventSource, InvalidRequest, InvalidUrl, Policy, Request, Scheme, Url,
};

fn parts(text: &str) -> (Scheme, &str, u16, &str) {
    let url = Url::parse(text).unwrap();
    let origin = url.origin();
    (
        origin.scheme,
        origin.host,
        origin.port,
        url.path_and_query(),
    )
}

fn error(text: &str) -> InvalidUrl {
    let result = Url::parse(text);
    result.expect_err(text)
}

#[test]
fn a_url_is_taken_apart() {
    use Scheme::{Http, Https};
    for (text, want) in [
        ("http://h", (Http, "h", 80, "/")),
        ("https://h", (Https, "h", 443, "/")),
        ("http://h/", (Http, "h", 80, "/")),
        ("http://h:8080/a/b", (Http, "h", 8080, "/a/b")),
        ("http://h:/a", (Http, "h", 80, "/a")),
        ("https://h:/a", (Https, "h", 443, "/a")),
        ("http://h?a=b", (Http, "h", 80, "?a=b")),
        (
            "http://h/a?b=http://c/d@e:f",
            (Http, "h", 80, "/a?b=http://c/d@e:f"),
        ),
        ("http://h/a://b", (Http, "h", 80, "/a://b")),
        ("http://192.168.1.2:1/", (Http, "192.168.1.2", 1, "/")),
        ("http://h:65535/", (Http, "h", 65535, "/")),
        ("http://h:00080/", (Http, "h", 80, "/")),
        (
            "http://xn--bcher-kva.example/",
            (Http, "xn--bcher-kva.example", 80, "/"),
        ),
        ("http://a_b.c/", (Http, "a_b.c", 80, "/")),
    ] {
        assert_eq!(parts(text), want, "{text}");
    }
}

#[test]
fn both_forms_agree() {
    for (text, scheme, host, port, path) in [
        ("http://h", Scheme::Http, "h", None, ""),
        ("http://h/", Scheme::Http, "h", Some(80), "/"),
        ("https://h:444/a?b#c", Scheme::Https, "h", Some(444), "/a?b"),
        ("http://h?b", Scheme::Http, "h", None, "?b"),
        ("http://h/#c", Scheme::Http, "h", None, "/#c"),
        ("https://[::1]:8/a", Scheme::Https, "::1", Some(8), "/a"),
    ] {
        assert_eq!(Url::parse(text), Url::from_parts(scheme, host, port, path));
    }
}

#[test]
fn ipv6_goes_in_brackets() {
    assert_eq!(parts("http://[::1]").1, "::1");
    assert_eq!(
        parts("http://[2001:DB8::1]:81/x"),
        (Scheme::Http, "2001:DB8::1", 81, "/x")
    );
    assert_eq!(parts("http://[::ffff:1.2.3.4]/").1, "::ffff:1.2.3.4");
    for text in [
        "http://[::1",
        "http://[::1/",
        "http://::1/",
        "http://[]/",
        "http://[h]/",
        "http://[:]/",
        "http://[a:80]/",
        "http://[1.2.3.4]/",
        "http://[::1]x/",
        "http://[::1]]/",
        "http://[[::1]]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[::g]/",
        "http://x[::1]/",
    ] {
        assert!(
            matches!(error(text), InvalidUrl::Host | InvalidUrl::Port),
            "{text}"
        );
    }
}

#[test]
fn ipv6_has_no_brackets_among_parts() {
    let host = |host| Url::from_parts(Scheme::Http, host, None, "/").map(|url| url.origin().host);
    assert_eq!(host("::1"), Ok("::1"));
    for wrong in [
        "[::1]",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "h:80",
        "a:80",
        "::1 ",
    ] {
        assert_eq!(host(wrong), Err(InvalidUrl::Host), "{wrong}");
    }
}

#[test]
fn a_fragment_is_dropped_whatever_is_in_it() {
    for text in [
        "http://h/a#b",
        "http://h/a#",
        "http://h/a#b c\u{e9}#d",
        "http://h/a#\r\nX: y",
    ] {
        assert_eq!(parts(text).3, "/a");
    }
    assert_eq!(parts("http://h#@/x").1, "h");
}

#[test]
fn the_scheme_has_no_case() {
    for text in ["HTTP://h", "Http://h", "hTTp://h"] {
        assert_eq!(parts(text).0, Scheme::Http);
    }
    assert_eq!(parts("HTTPS://h"), (Scheme::Https, "h", 443, "/"));
}

#[test]
fn other_schemes_are_refused() {
    for text in [
        "",
        "h",
        "h/a",
        "//h",
        "/a",
        "://h",
        "http:",
        "http:/",
        "http:/x",
        "http:h",
        "http//h",
        "http:\\\\h",
        "ftp://h",
        "ws://h",
        "httpx://h",
        "httpss://h",
        " http://h",
        "\thttp://h",
        "http ://h",
        "h\u{442}tp://h",
    ] {
        assert_eq!(error(text), InvalidUrl::Scheme, "{text}");
    }
}

#[test]
fn user_info_is_refused() {
    for text in [
        "http://u@h/",
        "http://u:p@h/",
        "http://@h/",
        "http://:@h/",
        "http://u@[::1]/",
    ] {
        assert_eq!(error(text), InvalidUrl::UserInfo);
    }
}

#[test]
fn a_missing_host_is_refused() {
    for text in [
        "http://",
        "http:///",
        "http:///x",
        "http://:80/",
        "http://?x",
        "http://#x",
    ] {
        assert_eq!(error(text), InvalidUrl::Host, "{text}");
    }
}

#[test]
fn a_port_is_a_number_from_1_to_65535() {
    for port in [
        "0",
        "00",
        "65536",
        "99999999999",
        "+80",
        "-80",
        "80 ",
        " 80",
        "8x",
        "x",
        "80:80",
    ] {
        assert_eq!(
            error(&format!("http://h:{port}/")),
            InvalidUrl::Port,
            "{port}"
        );
    }
    assert_eq!(error("http://h:\u{661}/"), InvalidUrl::Port);
    let zero = Url::from_parts(Scheme::Http, "h", Some(0), "/");
    assert_eq!(zero, Err(InvalidUrl::Port));
}

#[test]
fn what_could_break_out_of_a_request_is_refused() {
    let bytes = (0..=b' ').chain([0x7f]).map(char::from);
    for bad in bytes.chain([
        '\u{80}', '\u{85}', '\u{e9}', '\u{2028}', '\u{10a}', '\u{10d}',
    ]) {
        for text in [
            format!("a{bad}b"),
            format!("{bad}"),
            format!("a{bad}"),
            format!("{bad}a"),
        ] {
            let host = Url::from_parts(Scheme::Http, &text, None, "/");
            assert_eq!(host, Err(InvalidUrl::Host), "{text:?}");
            for path in [format!("/{text}"), format!("/?{text}")] {
                let path = Url::from_parts(Scheme::Http, "h", None, &path);
                assert_eq!(path, Err(InvalidUrl::Path), "{text:?}");
            }
            assert_eq!(error(&format!("http://{text}/")), InvalidUrl::Host);
            assert_eq!(error(&format!("http://h/{text}")), InvalidUrl::Path);
            assert_eq!(error(&format!("http://[::{text}]/")), InvalidUrl::Host);
        }
    }
}

#[test]
fn a_host_has_no_delimiters() {
    for bad in "/?#@[]\\%\"<>^`{|}".chars() {
        let host = format!("a{bad}b");
        let url = Url::from_parts(Scheme::Http, &host, None, "/");
        assert_eq!(url, Err(InvalidUrl::Host), "{host}");
    }
    assert_eq!(
        Url::from_parts(Scheme::Http, "", None, "/"),
        Err(InvalidUrl::Host)
    );
}

#[test]
fn a_path_starts_with_a_slash_or_a_question_mark() {
    for path in ["a", "*", ":80", "@h", "http://h/", ".", "\\a"] {
        let url = Url::from_parts(Scheme::Http, "h", None, path);
        assert_eq!(url, Err(InvalidUrl::Path), "{path}");
    }
}

#[test]
fn origins_are_compared_like_a_browser_does() {
    let origin = |text| Url::parse(text).unwrap().origin();
    assert_eq!(origin("http://h/a"), origin("HTTP://H:80/b"));
    assert_eq!(origin("https://h"), origin("https://h:443"));
    for other in [
        "https://h",
        "http://h:81",
        "http://g",
        "http://h.",
        "https://h:80",
    ] {
        assert_ne!(origin("http://h"), origin(other), "{other}");
    }
}

// ---- requests ----

fn checked(method: &str, headers: &[(&str, &str)]) -> Result<(), InvalidRequest> {
    let request = Request {
        method,
        headers,
        ..Request::get(Url::parse("http://h/").unwrap())
    };
    let mut decoder = Decoder::<128>::new();
    EventSource::new(request, Policy::DEFAULT, 0, &mut decoder).map(|_| ())
}

#[test]
fn a_method_is_a_token() {
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
fn a_header_name_is_a_token() {
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
fn a_header_value_has_no_control_characters() {
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
fn a_header_does_not_frame_the_body() {
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
fn the_first_wrong_header_is_named() {
    let headers = [("A", "b"), ("C", "\n"), ("", "e")];
    assert_eq!(
        checked("GET", &headers),
        Err(InvalidRequest::HeaderValue { index: 1 })
    );
}
