//! Accepted URLs cannot break a request. Parsing the parts of a URL again gives the same URL.

#![no_main]

use embedded_sse::{Scheme, Url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    if let Ok(url) = Url::parse(input) {
        check(url);
    }
    let mut parts = input.splitn(3, '\n');
    let (Some(port), Some(host), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    for scheme in [Scheme::Http, Scheme::Https] {
        if let Ok(url) = Url::from_parts(scheme, host, port.parse().ok(), path) {
            check(url);
        }
    }
});

fn check(url: Url<'_>) {
    let origin = url.origin();
    let path = url.path_and_query();
    assert!(!origin.host.is_empty());
    assert!(origin.host.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(
        !origin
            .host
            .contains(['/', '?', '#', '@', '[', ']', '%', '\\'])
    );
    assert_ne!(origin.port, 0);
    assert!(path.starts_with(['/', '?']));
    assert!(
        path.bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
    );

    let Ok(again) = Url::from_parts(origin.scheme, origin.host, Some(origin.port), path) else {
        panic!("the parts of {url:?} are refused");
    };
    assert_eq!(again, url);
    let (open, close) = if origin.host.contains(':') {
        ("[", "]")
    } else {
        ("", "")
    };
    let (scheme, host, port) = (origin.scheme.as_str(), origin.host, origin.port);
    let text = format!("{scheme}://{open}{host}{close}:{port}{path}#fragment");
    assert_eq!(Url::parse(&text), Ok(url));
}
