//! The response with the event stream.

use super::deed::{Answer, Deed, Timed};
use crate::plan::{Fault, Kind, Ms, Plan, Published, number_of};

/// A part of the body, before the framing.
#[derive(Clone)]
struct Piece {
    at: Ms,
    bytes: Vec<u8>,
}

pub fn stream(plan: &Plan, now: Ms, head_at: Ms, last_event_id: &str, connection: usize) -> Answer {
    let mut pieces = events(plan, now, last_event_id);
    let is_poll = plan.has(now, Kind::Poll);
    match is_poll {
        true => pieces.retain(|piece| piece.at <= now),
        false => pieces.extend([heartbeats(plan, now), floods(plan, now)].concat()),
    }
    pieces.sort_by_key(|piece| piece.at.max(head_at));
    let length: usize = pieces.iter().map(|piece| piece.bytes.len()).sum();
    let is_damaged = corrupt(plan, &mut pieces);

    let is_chunked = plan.settings.is_chunked && !is_poll;
    let framing = match (is_poll, is_chunked) {
        (true, _) => format!("Content-Length: {length}\r\n"),
        (_, true) => "Transfer-Encoding: chunked\r\n".to_owned(),
        _ => String::new(),
    };
    let early = match connection % 7 {
        3 => "HTTP/1.1 103 Early Hints\r\n\r\n",
        _ => "",
    };
    let head = format!(
        "{early}HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\n{framing}X-Connection: {connection}\r\n\r\n"
    );
    let half = plan.active(now, |fault| match fault.kind {
        Kind::HalfClose(percent) => Some(head.len() * percent as usize / 100),
        _ => None,
    });
    if let Some(len) = half {
        let part = Timed::send(head_at, &head[..len]);
        let deeds = vec![part, Timed::new(head_at, Deed::Fin)];
        return Answer { deeds, is_damaged };
    }
    let mut deeds = vec![Timed::send(head_at, head)];
    let mut endings = plan.faults.iter().filter(|fault| match fault.kind {
        Kind::BadChunk => is_chunked,
        kind => matches!(kind, Kind::End | Kind::CutInEvent(_)),
    });
    let ending = endings.find(|fault| fault.at > now);
    for piece in drip(plan, pieces) {
        let bytes = framed(&piece.bytes, is_chunked);
        if let Some(fault) = ending
            && piece.at.max(head_at) >= fault.at
        {
            fault.fire();
            deeds.extend(end(fault, piece.at, &bytes, is_chunked));
            return Answer { deeds, is_damaged };
        }
        deeds.push(Timed::send(piece.at, bytes));
    }
    if is_poll {
        deeds.push(Timed::new(now, Deed::Fin));
    }
    Answer { deeds, is_damaged }
}

fn framed(bytes: &[u8], is_chunked: bool) -> Vec<u8> {
    match is_chunked {
        true => [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
        false => bytes.to_vec(),
    }
}

/// The events after this ID that the log contains, and those that are yet to come.
fn events(plan: &Plan, now: Ms, last_event_id: &str) -> Vec<Piece> {
    // The server does not know the ID of an event that it has not published.
    let is_known = |number: &usize| {
        let event = plan.events.get(*number);
        event.is_some_and(|event| event.at <= now)
    };
    let after = number_of(last_event_id).filter(is_known);
    let after = after.filter(|_| !plan.has(now, Kind::Deaf));
    let losses = plan
        .faults
        .iter()
        .filter(|fault| fault.kind == Kind::LoseLog);
    let losses: Vec<_> = losses.filter(|loss| loss.at <= now).collect();
    losses.iter().for_each(|loss| loss.fire());
    let is_kept = |event: &Published| losses.iter().all(|loss| event.at >= loss.at);
    let events = plan.events.iter().enumerate();
    events
        .filter(|(number, event)| after.is_none_or(|after| *number > after) && is_kept(event))
        .map(|(number, event)| Piece {
            at: event.at.max(now),
            bytes: event.shape.text(number).into_bytes(),
        })
        .collect()
}

fn heartbeats(plan: &Plan, now: Ms) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = now;
    loop {
        let changed = plan.active(at, |fault| match fault.kind {
            Kind::Heartbeat(interval) => Some(interval),
            _ => None,
        });
        at += changed.unwrap_or(plan.settings.heartbeat);
        if at > plan.end {
            return pieces;
        }
        let bytes = b":\n".to_vec();
        pieces.push(Piece { at, bytes });
    }
}

fn floods(plan: &Plan, now: Ms) -> Vec<Piece> {
    let floods = plan.faults.iter().filter_map(|fault| match fault.kind {
        Kind::Flood(comments) if fault.at > now => {
            fault.fire();
            let text = ": a comment of no interest\n".repeat(comments as usize);
            Some((fault.at, text.into_bytes()))
        }
        _ => None,
    });
    floods.map(|(at, bytes)| Piece { at, bytes }).collect()
}

/// Returns whether a byte is changed.
fn corrupt(plan: &Plan, pieces: &mut [Piece]) -> bool {
    let mut is_damaged = false;
    for fault in &plan.faults {
        if let Kind::Corrupt { position, flip } = fault.kind
            && let Some(piece) = pieces.iter_mut().find(|piece| piece.at >= fault.at)
            && fault.is_active(piece.at)
        {
            let position = position as usize % piece.bytes.len();
            piece.bytes[position] ^= flip;
            fault.fire();
            is_damaged = true;
        }
    }
    is_damaged
}

/// Cuts the pieces into small ones, as long as the fault lasts.
fn drip(plan: &Plan, pieces: Vec<Piece>) -> Vec<Piece> {
    let mut dripped = Vec::new();
    let mut at = 0;
    for piece in pieces {
        at = at.max(piece.at);
        let mut rest = &piece.bytes[..];
        while rest.len() > 3 && plan.has(at, Kind::Drip) {
            let (drop, others) = rest.split_at(3);
            let bytes = drop.to_vec();
            dripped.push(Piece { at, bytes });
            rest = others;
            at += 40;
        }
        let bytes = rest.to_vec();
        dripped.push(Piece { at, bytes });
    }
    dripped
}

/// Ends the response by a fault. `piece` is what would be sent next.
fn end(fault: &Fault, at: Ms, piece: &[u8], is_chunked: bool) -> Vec<Timed> {
    match fault.kind {
        Kind::CutInEvent(percent) => {
            let kept = piece.len() * percent as usize / 100;
            let part = Timed::send(at, &piece[..kept]);
            vec![part, Timed::new(at, Deed::Cut)]
        }
        Kind::BadChunk => vec![Timed::send(fault.at, "zz\r\n")],
        _ => {
            let last = if is_chunked { "0\r\n\r\n" } else { "" };
            let last = Timed::send(fault.at, last);
            vec![last, Timed::new(fault.at, Deed::Fin)]
        }
    }
}
