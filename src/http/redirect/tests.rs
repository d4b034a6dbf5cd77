//! The reference resolution examples of RFC 3986, section 5.4, and more.

use super::*;

fn followed(url: &str, location: &str) -> Result<std::string::String, InvalidRedirect> {
    let original = Url::parse("http://first.example:81/dir/stream?x=1").unwrap();
    let mut memory = Buffer::<[u8; 128]>::new();
    memory.extend_from_slice(url.as_bytes()).unwrap();
    memory.extend_from_slice(b"head").unwrap();
    let start = memory.len();
    memory.extend_from_slice(location.as_bytes()).unwrap();
    let end = memory.len();
    memory.extend_from_slice(b"more").unwrap();
    let from = Url::parse(url).unwrap_or(original).origin().scheme;
    follow(&mut memory, 0..url.len(), original, start..end, from, true)?;
    Ok(text(&memory).into())
}

#[test]
fn a_relative_location_is_resolved() {
    // The examples of RFC 3986, section 5.4, and cases that are not listed there.
    let base = "http://a/b/c/d;p?q";
    for (location, want) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../../g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("/./g/.", "http://a/g/"),
        ("..g", "http://a/b/c/..g"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("a:1/x", ""),
        ("http://h", "http://h/"),
        ("http://h?q", "http://h/?q"),
        ("https://H:9/x/../y", "https://H:9/y"),
        ("HTTP://h/x", "HTTP://h/x"),
        ("ftp://h/x", ""),
        ("mailto:x", ""),
        ("", ""),
        ("#f", ""),
        ("http://u@h/", ""),
        // The percent-encode sets of the URL standard (sections 1.3 and 4.4).
        ("/a b", "http://a/a%20b"),
        ("/\u{e9}?\u{e9}", "http://a/%C3%A9?%C3%A9"),
        ("/%41%", "http://a/%41%"),
        (
            "/\"<>^`{}|'?\"<>^`{}|'",
            "http://a/%22%3C%3E%5E%60%7B%7D|'?%22%3C%3E^`{}|%27",
        ),
        ("/\u{1}\u{7f}\ta", "http://a/%01%7Fa"),
        ("/g#a b", "http://a/g"),
        ("\\g\\h?\\", "http://a/g/h?\\"),
        ("\\\\h\\g", "http://h/g"),
        ("//h o/", ""),
        ("//\u{e9}/", ""),
    ] {
        let got = followed(base, location);
        assert_eq!(got.as_deref().unwrap_or(""), want, "{location}");
    }
    assert_eq!(followed("http://h/", ".evil").unwrap(), "http://h/.evil");
    assert_eq!(followed("", "g").unwrap(), "http://first.example:81/dir/g");
    assert_eq!(followed("", "/g").unwrap(), "http://first.example:81/g");
    assert_eq!(followed("", "http://h/g").unwrap(), "http://h/g");
}

#[test]
fn a_colon_alone_makes_no_scheme() {
    for (location, want) in [
        ("12:30/x", "http://a/b/c/12:30/x"),
        ("a b:c", "http://a/b/c/a%20b:c"),
        ("\u{e9}:c", "http://a/b/c/%C3%A9:c"),
        ("@h:1", "http://a/b/c/@h:1"),
        (":c", "http://a/b/c/:c"),
        ("a_b://h/", "http://a/b/c/a_b://h/"),
        ("a+b://h/", ""),
        ("a-1.b:c", ""),
    ] {
        let got = followed("http://a/b/c/d", location);
        assert_eq!(got.as_deref().unwrap_or(""), want, "{location}");
    }
}

#[test]
fn https_never_goes_to_http() {
    for url in ["https://a/", "HTTPS://a/"] {
        assert_eq!(followed(url, "http://a/"), Err(InvalidRedirect::Downgrade));
        assert_eq!(
            followed(url, "//b/").unwrap(),
            std::format!("{}//b/", &url[..6])
        );
    }
}
