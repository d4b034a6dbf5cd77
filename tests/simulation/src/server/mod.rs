//! The server: from a request, and when it comes, to everything that the server does on that connection.
//!
//! The server has no state. Its log, its faults and its heartbeat follow from the plan and the time, so a
//! connection's future is known when its request is. This also makes it the same over a scripted transport
//! and over a network stack.

mod body;
mod deed;
mod request;

pub use deed::{Answer, Deed, Timed};
pub use request::Request;

use crate::plan::{Kind, Ms, Plan, Target};

/// The origin of the request, and the path of the stream.
pub const HOST: &str = "sse.test";
pub const PATH: &str = "/events";
const URL: &str = "http://sse.test/events";
const SECURE_URL: &str = "https://sse.test/events";

/// Another origin, where redirects lead to.
pub const OTHER: &str = "other.test";
pub const TOKEN: &str = "Bearer secret";

/// Whoever answers for a name on which DNS has lied.
pub const PORTAL: &str = "portal.test";

const PORTAL_PAGE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<title>Welcome!";

/// The URL that the client follows.
pub fn url(plan: &Plan) -> &'static str {
    match plan.has_tls {
        true => SECURE_URL,
        false => URL,
    }
}

/// Whether the server's process runs. If not, returns the fault.
pub fn is_down(plan: &Plan, now: Ms) -> Option<usize> {
    let down = plan.active(now, |kind| {
        matches!(kind, Kind::Restart { .. }).then_some(())
    });
    down.map(|(index, ())| index)
}

/// Answers a request to `host` that is complete `now`. `connection` is the number of the connection.
pub fn answer(plan: &Plan, now: Ms, host: &str, request: &Request, connection: usize) -> Answer {
    if host == PORTAL {
        return Answer {
            deeds: vec![Timed::send(now, PORTAL_PAGE), Timed::fin(now)],
            ..Answer::default()
        };
    }
    let special = refusal(plan, now).or_else(|| redirect(plan, now, host, request));
    let (head_at, late) = plan
        .active(now, |kind| match kind {
            Kind::LateHead { by, .. } => Some(by),
            _ => None,
        })
        .map_or((now, None), |(index, by)| (now + by, Some(index)));
    let mut answer = match special {
        Some((index, text)) => Answer {
            deeds: vec![Timed::send(head_at, text)],
            fired: vec![index],
            ..Answer::default()
        },
        None => body::stream(plan, now, head_at, request.last_event_id(), connection),
    };
    answer.fired.extend(late);
    stall(plan, &mut answer);
    let mut answer = answer.in_order();
    if let Some((index, at)) = death(plan, now) {
        die(&mut answer, at);
        answer.fired.push(index);
    }
    if host == OTHER {
        die(&mut answer, other_until(plan, now).unwrap_or(now));
    }
    answer
}

fn refusal(plan: &Plan, now: Ms) -> Option<(usize, String)> {
    plan.active(now, |kind| match kind {
        Kind::Refuse {
            status,
            retry_after,
            ..
        } => {
            let retry_after = retry_after.map(|after| format!("Retry-After: {after}\r\n"));
            let retry_after = retry_after.unwrap_or_default();
            Some(match status {
                204 => format!("HTTP/1.1 204 No Content\r\n{retry_after}\r\n"),
                _ => format!(
                    "HTTP/1.1 {status} Refused\r\n{retry_after}Content-Length: 4\r\n\r\nbusy"
                ),
            })
        }
        Kind::Garbage { .. } => Some("\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n".to_owned()),
        Kind::LongHead { .. } => {
            let filler = "X-Filler: 0123456789\r\n".repeat(40);
            Some(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{filler}\r\n"
            ))
        }
        _ => None,
    })
}

fn redirect(plan: &Plan, now: Ms, host: &str, request: &Request) -> Option<(usize, String)> {
    let (index, (status, target)) = plan.active(now, |kind| match kind {
        Kind::Redirect { status, target, .. } => Some((status, target)),
        _ => None,
    })?;
    let scheme = plan.scheme();
    let is_first = host == HOST && request.path == PATH;
    let location = match target {
        Target::Path if is_first => "Location: /elsewhere\r\n".to_owned(),
        Target::Other | Target::Back if is_first => {
            format!("Location: {scheme}://{OTHER}/else\r\n")
        }
        Target::Back if host == OTHER => format!("Location: {scheme}://{HOST}/back\r\n"),
        Target::Loop => format!("Location: {}\r\n", request.path),
        Target::Nowhere => String::new(),
        _ => return None,
    };
    let text = format!("HTTP/1.1 {status} Elsewhere\r\n{location}Content-Length: 0\r\n\r\n");
    Some((index, text))
}

/// A server that stalls does everything when the stall is over.
fn stall(plan: &Plan, answer: &mut Answer) {
    for (index, fault) in plan.faults.iter().enumerate() {
        if let Kind::Stall { .. } = fault.kind {
            for timed in &mut answer.deeds {
                if fault.is_active(timed.at) {
                    timed.at = fault.end();
                    answer.fired.push(index);
                }
            }
        }
    }
}

/// A reset ends a connection, whatever it was doing.
fn die(answer: &mut Answer, at: Ms) {
    answer.deeds.retain(|timed| timed.at < at);
    answer.deeds.push(Timed::rst(at));
}

/// When the server resets all connections next, and by which fault.
pub fn death(plan: &Plan, now: Ms) -> Option<(usize, Ms)> {
    let faults = plan.faults.iter().enumerate();
    let deaths = faults.flat_map(|(index, fault)| {
        let at = match fault.kind {
            Kind::Reset | Kind::Restart { .. } => [Some(fault.at), None],
            kind if kind.concerns_requests() => [Some(fault.at), None],
            // The old server ends, and later the new one.
            Kind::Move { .. } => [Some(fault.at), Some(fault.end())],
            _ => [None, None],
        };
        at.into_iter().flatten().map(move |at| (index, at))
    });
    let later = deaths.filter(|(_, at)| *at >= now);
    later.min_by_key(|(_, at)| *at)
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

const OTHER_LASTS: Ms = 20_000;
