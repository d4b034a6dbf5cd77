//! The response with the event stream.

use super::deed::{Answer, Timed};
use crate::plan::{Kind, Ms, Plan, Published, number_of};

/// A part of the body, before the framing.
struct Piece {
    at: Ms,
    bytes: Vec<u8>,
    event: Option<usize>,
}

/// How the response ends.
enum Ending {
    /// As HTTP requires.
    Proper,
    /// Inside of a piece, after this percentage of it.
    Inside(u64),
    /// With a broken chunk.
    BadChunk,
}

pub fn stream(plan: &Plan, now: Ms, head_at: Ms, last_event_id: &str, connection: usize) -> Answer {
    let mut answer = Answer::default();
    let mut pieces = events(plan, now, last_event_id, &mut answer.fired);
    let length = polled(plan, now, &mut pieces, &mut answer.fired);
    if length.is_none() {
        pieces.extend(heartbeats(plan, now, &mut answer.fired));
        pieces.extend(floods(plan, now, &mut answer.fired));
    }
    pieces.sort_by_key(|piece| piece.at.max(head_at));
    corrupt(plan, &mut pieces, &mut answer);
    let pieces = drip(plan, pieces, &mut answer.fired);

    let is_chunked = plan.settings.is_chunked && length.is_none();
    let framing = match length {
        Some(length) => format!("Content-Length: {length}\r\n"),
        None if is_chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
        None => String::new(),
    };
    let early = if connection % 7 == 3 {
        "HTTP/1.1 103 Early Hints\r\n\r\n"
    } else {
        ""
    };
    let head = format!(
        "{early}HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\n{framing}X-Connection: {connection}\r\n\r\n"
    );
    let mut deeds = vec![Timed::send(head_at, head)];
    let ending = ending(plan, now);
    let mut is_over = false;
    for piece in &pieces {
        match &ending {
            Some((index, fault_at, ending)) if piece.at.max(head_at) >= *fault_at => {
                answer.fired.push(*index);
                end(&mut deeds, piece, *fault_at, ending, is_chunked);
                is_over = true;
                break;
            }
            _ => deeds.push(Timed::send(piece.at, framed(&piece.bytes, is_chunked))),
        }
    }
    if length.is_some() && !is_over {
        deeds.push(Timed::fin(now));
    }
    answer.deeds = deeds;
    answer
}

fn framed(bytes: &[u8], is_chunked: bool) -> Vec<u8> {
    match is_chunked {
        true => [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat(),
        false => bytes.to_vec(),
    }
}

/// The events after this ID that the log contains, and those that are yet to come.
fn events(plan: &Plan, now: Ms, last_event_id: &str, fired: &mut Vec<usize>) -> Vec<Piece> {
    let is_deaf = plan.active(now, |kind| matches!(kind, Kind::Deaf { .. }).then_some(()));
    // The server does not know the ID of an event that it has not published.
    let is_known = |number: &usize| {
        let event = plan.events.get(*number);
        event.is_some_and(|event| event.at <= now)
    };
    let mut after = number_of(last_event_id).filter(is_known);
    if let (Some((index, ())), Some(_)) = (is_deaf, after) {
        fired.push(index);
        after = None;
    }
    let is_kept = |event: &Published| {
        let mut faults = plan.faults.iter();
        !faults.any(|fault| fault.kind == Kind::LoseLog && event.at < fault.at && fault.at <= now)
    };
    for (index, fault) in plan.faults.iter().enumerate() {
        if fault.kind == Kind::LoseLog && fault.at <= now {
            fired.push(index);
        }
    }
    let events = plan.events.iter().enumerate();
    events
        .filter(|(number, event)| after.is_none_or(|after| *number > after) && is_kept(event))
        .map(|(number, event)| Piece {
            at: event.at.max(now),
            bytes: event.shape.text(number).into_bytes(),
            event: Some(number),
        })
        .collect()
}

/// If the server answers as to a poll, keeps only what there is now. Returns the length of the body.
fn polled(plan: &Plan, now: Ms, pieces: &mut Vec<Piece>, fired: &mut Vec<usize>) -> Option<usize> {
    let (index, ()) = plan.active(now, |kind| matches!(kind, Kind::Poll { .. }).then_some(()))?;
    fired.push(index);
    pieces.retain(|piece| piece.at <= now);
    Some(pieces.iter().map(|piece| piece.bytes.len()).sum())
}

fn heartbeats(plan: &Plan, now: Ms, fired: &mut Vec<usize>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = now;
    loop {
        let changed = plan.active(at, |kind| match kind {
            Kind::Heartbeat { interval, .. } => Some(interval),
            _ => None,
        });
        fired.extend(changed.map(|(index, _)| index));
        at += changed.map_or(plan.settings.heartbeat, |(_, interval)| interval);
        if at > plan.end {
            return pieces;
        }
        pieces.push(Piece {
            at,
            bytes: b":\n".to_vec(),
            event: None,
        });
    }
}

fn floods(plan: &Plan, now: Ms, fired: &mut Vec<usize>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, fault) in plan.faults.iter().enumerate() {
        if let Kind::Flood { comments } = fault.kind
            && fault.at > now
        {
            fired.push(index);
            pieces.push(Piece {
                at: fault.at,
                bytes: ": a comment of no interest\n"
                    .repeat(comments as usize)
                    .into_bytes(),
                event: None,
            });
        }
    }
    pieces
}

fn corrupt(plan: &Plan, pieces: &mut [Piece], answer: &mut Answer) {
    for (index, fault) in plan.faults.iter().enumerate() {
        if let Kind::Corrupt { position, flip } = fault.kind
            && let Some(place) = pieces.iter().position(|piece| piece.at >= fault.at)
            && let Some(piece) = pieces.get_mut(place)
            && fault.is_active(piece.at)
        {
            let position = position as usize % piece.bytes.len();
            piece.bytes[position] ^= flip;
            answer.is_damaged = true;
            answer.fired.push(index);
        }
    }
}

/// Cuts the pieces into small ones, as long as the fault lasts.
fn drip(plan: &Plan, pieces: Vec<Piece>, fired: &mut Vec<usize>) -> Vec<Piece> {
    let mut dripped = Vec::new();
    let mut latest = 0;
    for piece in pieces {
        let mut bytes = &piece.bytes[..];
        let mut at = piece.at.max(latest);
        while let Some((index, ())) =
            plan.active(at, |kind| matches!(kind, Kind::Drip { .. }).then_some(()))
            && bytes.len() > 3
        {
            fired.push(index);
            let (drop, rest) = bytes.split_at(3);
            dripped.push(Piece {
                at,
                bytes: drop.to_vec(),
                event: piece.event,
            });
            bytes = rest;
            at += 40;
        }
        dripped.push(Piece {
            at,
            bytes: bytes.to_vec(),
            event: piece.event,
        });
        latest = at;
    }
    dripped
}

/// The first fault that ends the response.
fn ending(plan: &Plan, now: Ms) -> Option<(usize, Ms, Ending)> {
    let mut faults = plan.faults.iter().enumerate();
    faults.find_map(|(index, fault)| {
        let ending = match fault.kind {
            Kind::End => Ending::Proper,
            Kind::HalfClose { percent } => Ending::Inside(percent),
            Kind::BadChunk if plan.settings.is_chunked => Ending::BadChunk,
            _ => return None,
        };
        (fault.at > now).then_some((index, fault.at, ending))
    })
}

fn end(deeds: &mut Vec<Timed>, piece: &Piece, at: Ms, ending: &Ending, is_chunked: bool) {
    match ending {
        Ending::Proper => {
            if is_chunked {
                deeds.push(Timed::send(at, "0\r\n\r\n"));
            }
            deeds.push(Timed::fin(at));
        }
        Ending::Inside(percent) => {
            let whole = framed(&piece.bytes, is_chunked);
            let kept = whole.len() * *percent as usize / 100;
            deeds.push(Timed::send(piece.at, &whole[..kept]));
            deeds.push(Timed::cut(piece.at));
        }
        Ending::BadChunk => deeds.push(Timed::send(at, "zz\r\n")),
    }
}
