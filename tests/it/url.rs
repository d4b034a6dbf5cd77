//! URLs: which are accepted, and which parts they have.

use embedded_sse::{InvalidUrl, Scheme, Url};

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
fn a_url_has_a_scheme_a_host_a_port_and_a_path() {
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
fn parse_and_from_parts_agree() {
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
fn ipv6_is_in_brackets_in_a_url() {
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
        "http://2001:db8::1/",
        "http://h:80:80/",
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
        assert_eq!(error(text), InvalidUrl::Host, "{text}");
    }
}

#[test]
fn ipv6_has_no_brackets_in_from_parts() {
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
fn a_fragment_is_dropped_whatever_it_contains() {
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
fn the_case_of_the_scheme_does_not_matter() {
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
fn control_characters_spaces_and_non_ascii_are_refused() {
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
fn origins_are_compared_as_in_a_browser() {
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

#[test]
fn an_origin_is_written_as_in_a_url_without_its_default_port() {
    for (url, expected) in [
        ("http://h/a", "http://h"),
        ("http://h:80/a", "http://h"),
        ("https://h:80/a", "https://h:80"),
        ("https://[::1]:443/a", "https://[::1]"),
        ("http://[::1]:443/a", "http://[::1]:443"),
    ] {
        assert_eq!(Url::parse(url).unwrap().origin().to_string(), expected);
    }
}
