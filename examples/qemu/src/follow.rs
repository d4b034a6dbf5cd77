//! `follow`: what the user asks for, as the firmware is told.

use crate::USAGE;
use crate::show::{boot, client};

/// The settings with a number.
const NUMBERS: [&str; 6] = ["count", "idle", "connect", "delay", "max-delay", "attempts"];

/// What the firmware has memory for.
const LONGEST_URL: usize = 250;

/// Events of a server of the user's: settings, and its URL behind them.
pub fn follow(words: &[&str]) -> Result<(), String> {
    let (settings, url) = parse(words).map_err(|problem| format!("{problem}\n\n{USAGE}"))?;
    boot(&client()?, &settings, &url, None, 0)
}

fn parse(words: &[&str]) -> Result<(Vec<String>, String), String> {
    let Some((url, settings)) = words.split_last() else {
        return Err("follow: which URL?".to_owned());
    };
    let url = for_guest(url).ok_or(format!("follow: the last, {url:?}, is no http:// URL"))?;
    if url.contains("//[") || url.len() > LONGEST_URL {
        return Err(format!(
            "follow: the firmware has no IPv6, and takes URLs of up to {LONGEST_URL} bytes"
        ));
    }
    let settings = settings.iter().map(|setting| checked(setting));
    Ok((settings.collect::<Result<_, _>>()?, url))
}

fn checked(setting: &str) -> Result<String, String> {
    match setting.split_once('=') {
        Some((name, value)) if NUMBERS.contains(&name) => match value.parse::<u32>() {
            Ok(0) if name == "count" => Err("follow: no events to follow for".to_owned()),
            Ok(_) => Ok(setting.to_owned()),
            Err(_) => Err(format!("follow: {value:?} is no number for {name}")),
        },
        Some(("fault", "panic" | "hard") | ("stack", "report")) => Ok(setting.to_owned()),
        _ => Err(format!("follow: {setting:?} is none of its settings")),
    }
}

/// The URL as the firmware has to have it, for which this computer is another one.
fn for_guest(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let end = rest.find([':', '/', '?', '#']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(end);
    let here = host == "127.0.0.1" || host.eq_ignore_ascii_case("localhost");
    let host = if here { "10.0.2.2" } else { host };
    Some(format!("http://{host}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_is_another() {
        for (url, expected) in [
            ("http://127.0.0.1:80/", "http://10.0.2.2:80/"),
            ("HTTP://LocalHost", "http://10.0.2.2"),
            ("http://localhost?a=1", "http://10.0.2.2?a=1"),
            (
                "http://a/127.0.0.1/localhost",
                "http://a/127.0.0.1/localhost",
            ),
            ("http://a?http://localhost", "http://a?http://localhost"),
            ("http://localhost.example/", "http://localhost.example/"),
        ] {
            assert_eq!(for_guest(url).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_misspelt_is_an_error() {
        let url = "http://a/";
        for words in [
            &[][..],
            &["count=1"],
            &["a/"],
            &["https://a/"],
            &["conut=1", url],
            &["count", url],
            &["count=", url],
            &["count=x", url],
            &["count=0", url],
            &["http://[::1]/"],
            &["fault=no", url],
            &["--count", "1", url],
            &[url, url],
            &[url, "count=1"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
        assert!(parse(&["count=1", "max-delay=50", url]).is_ok());
    }
}
