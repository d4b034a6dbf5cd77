//! The server: from a request, and when it comes, to everything that the server does on that connection.
//!
//! The server has no state. Its log, its faults and its heartbeat follow from the plan and the time, so a
//! connection's future is known when its request is. This also makes it the same over a scripted transport
//! and over a network stack.

mod body;
mod deed;
mod request;

pub use deed::{Answer, Deed, Timed, put_in_order};
pub use request::Request;

use crate::plan::{Kind, Ms, Plan, Target};

/// The host of the stream, and its IPv6 address.
pub const HOST: &str = "sse.test";
pub const ADDRESS: &str = "fd00::2";
const PATH: &str = "/events";

/// Another origin, where redirects lead to.
pub const OTHER: &str = "other.test";

/// Whoever answers for a name on which DNS has lied.
pub const PORTAL: &str = "portal.test";

/// The token of the request, and its body if it is a POST.
pub const TOKEN: &str = "Bearer secret";
pub const BODY: &[u8] = b"{\"topics\":[]}";

const PORTAL_PAGE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<title>Welcome!";

/// How long the other origin exists after redirects have led there.
const OTHER_LASTS: Ms = 20_000;

/// The URL that the client follows.
pub fn url(plan: &Plan) -> String {
    origin(plan) + PATH
}

fn origin(plan: &Plan) -> String {
    match (plan.has_tls, plan.settings.is_ipv6) {
        (true, _) => format!("https://{HOST}"),
        (false, false) => format!("http://{HOST}"),
        (false, true) => format!("http://[{ADDRESS}]"),
    }
}

/// Answers a request to `host` that is complete `now`. `connection` is the number of the connection.
pub fn answer(plan: &Plan, now: Ms, host: &str, request: &Request, connection: usize) -> Answer {
    let mut answer = Answer::default();
    if host == PORTAL {
        answer.deeds = vec![Timed::send(now, PORTAL_PAGE), Timed::new(now, Deed::Fin)];
        return answer;
    }
    let late = plan.active(now, |fault| match fault.kind {
        Kind::LateHead(by) => Some(by),
        _ => None,
    });
    let head_at = now + late.unwrap_or_default();
    match refusal(plan, now).or_else(|| redirect(plan, now, host, request)) {
        Some(text) => answer.deeds.push(Timed::send(head_at, text)),
        None => answer = body::stream(plan, now, head_at, request.last_event_id(), connection),
    }
    for timed in &mut answer.deeds {
        // A server that stalls does everything when the stall is over.
        timed.at = plan.until(timed.at, Kind::Stall).unwrap_or(timed.at);
    }
    put_in_order(&mut answer.deeds);
    if let Some(at) = death(plan, now) {
        die(&mut answer, at);
    }
    if host == OTHER {
        die(&mut answer, other_until(plan, now).unwrap_or(now));
    }
    answer
}

fn refusal(plan: &Plan, now: Ms) -> Option<String> {
    plan.active(now, |fault| match fault.kind {
        Kind::Refuse {
            status,
            retry_after,
        } => {
            let retry_after = match retry_after {
                Some(seconds) => format!("Retry-After: {seconds}\r\n"),
                None => String::new(),
            };
            Some(match status {
                204 => format!("HTTP/1.1 204 No Content\r\n{retry_after}\r\n"),
                _ => format!(
                    "HTTP/1.1 {status} Refused\r\n{retry_after}Content-Length: 4\r\n\r\nbusy"
                ),
            })
        }
        Kind::Garbage => Some("\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n".to_owned()),
        Kind::LongHead => {
            let filler = "X-Filler: 0123456789\r\n".repeat(40);
            Some(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{filler}\r\n"
            ))
        }
        _ => None,
    })
}

fn redirect(plan: &Plan, now: Ms, host: &str, request: &Request) -> Option<String> {
    let scheme = if plan.has_tls { "https" } else { "http" };
    let is_first = host == HOST && request.path == PATH;
    plan.active(now, |fault| {
        let Kind::Redirect { status, target } = fault.kind else {
            return None;
        };
        let location = match target {
            Target::Path if is_first => "Location: /elsewhere\r\n".to_owned(),
            Target::Other | Target::Back if is_first => {
                format!("Location: {scheme}://{OTHER}/else\r\n")
            }
            Target::Back if host == OTHER => format!("Location: {}/back\r\n", origin(plan)),
            Target::Loop => format!("Location: {}\r\n", request.path),
            Target::Nowhere => String::new(),
            _ => return None,
        };
        let status = format!("HTTP/1.1 {status} Elsewhere\r\n");
        Some(status + &location + "Content-Length: 0\r\n\r\n")
    })
}

/// A reset ends a connection, whatever it was doing.
fn die(answer: &mut Answer, at: Ms) {
    answer.deeds.retain(|timed| timed.at < at);
    answer.deeds.push(Timed::new(at, Deed::Rst));
}

/// When the server resets all connections next.
pub fn death(plan: &Plan, now: Ms) -> Option<Ms> {
    let faults = plan.faults.iter().filter(|fault| fault.resets);
    let deaths = faults.flat_map(|fault| match fault.kind {
        // The old server ends, and later the new one.
        Kind::Move => vec![(fault.at, fault), (fault.end(), fault)],
        _ => vec![(fault.at, fault)],
    });
    let later = deaths.filter(|(at, _)| *at >= now);
    let (at, fault) = later.min_by_key(|(at, _)| *at)?;
    if matches!(fault.kind, Kind::Reset | Kind::Restart | Kind::Move) {
        fault.fire();
    }
    Some(at)
}

/// Whether the other origin exists: as long as redirects lead there, and for a while after.
pub fn has_other(plan: &Plan, now: Ms) -> bool {
    other_until(plan, now).is_some()
}

/// If the other origin exists now, returns when it is gone.
fn other_until(plan: &Plan, now: Ms) -> Option<Ms> {
    let redirects = plan.faults.iter().filter(|fault| {
        let is_redirect = matches!(fault.kind, Kind::Redirect { .. });
        is_redirect && fault.at <= now && now < fault.end() + OTHER_LASTS
    });
    redirects.map(|fault| fault.end() + OTHER_LASTS).max()
}
