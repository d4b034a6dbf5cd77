//! Responses: RFC 9112 as `tests/rules.md` restates it, over whole inputs.

use embedded_sse::{InvalidChunk, InvalidHead, Verdict};

use crate::case::Wrong;

/// The limit of a chunk's size, of its extension, and of the trailers together.
const LINE_LIMIT: usize = 8192;

#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub len: usize,
}

/// The length of the head that `bytes` begin with: up to the first empty line.
pub fn head_len(bytes: &[u8]) -> Option<usize> {
    let mut start = bytes.len() - without_empty_line(bytes).len();
    while let Some(end) = find(&bytes[start..], b'\n').map(|at| start + at) {
        if matches!(&bytes[start..end], b"" | b"\r") {
            return Some(end + 1);
        }
        start = end + 1;
    }
    None
}

/// Whether these bytes can be the first of a response.
pub fn is_http(bytes: &[u8]) -> bool {
    let is_end = |b: &&u8| matches!(b, b'\r' | b'\n');
    // An empty line may come first.
    let bytes = &bytes[bytes.iter().take(2).take_while(is_end).count()..];
    let version = b"HTTP/1.";
    let len = bytes.len().min(version.len());
    bytes[..len] == version[..len]
}

/// Without one empty line at the start, which is tolerated.
fn without_empty_line(bytes: &[u8]) -> &[u8] {
    let rest = bytes.strip_prefix(b"\r\n").or(bytes.strip_prefix(b"\n"));
    rest.unwrap_or(bytes)
}

pub fn parse_head(head: &[u8]) -> Result<Head, InvalidHead> {
    let malformed = Err(InvalidHead::Malformed);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut end = 0;
    let mut has_fields = false;
    for with_cr in without_empty_line(head).split(|&b| b == b'\n') {
        let line = with_cr.strip_suffix(b"\r").unwrap_or(with_cr);
        if line.contains(&0) || line.contains(&b'\r') {
            return malformed;
        }
        match lines.last_mut() {
            Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                // Directly after the status line, such lines are ignored (RFC 9112, section 2.2).
                if has_fields {
                    // The end of the line before a fold becomes white space.
                    last.extend(vec![b' '; end]);
                    last.extend(line);
                }
            }
            Some(_) => {
                has_fields = true;
                lines.push(line.into());
            }
            None => lines.push(line.into()),
        }
        end = 1 + with_cr.len() - line.len();
    }
    let Some([minor, rest @ ..]) = lines[0].strip_prefix(b"HTTP/1.") else {
        return malformed;
    };
    let line = trim_start(rest);
    if !minor.is_ascii_digit() || line.len() == rest.len() {
        return malformed;
    }
    let (digits, reason) = line.split_at(line.len().min(3));
    if digits.len() < 3 || !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
        return malformed;
    }
    if !(reason.is_empty() || reason[0] == b' ') {
        return malformed;
    }
    let status = String::from_utf8_lossy(digits).parse().unwrap();
    Ok(Head {
        status,
        headers: headers(&lines[1..]),
        len: head.len(),
    })
}

fn headers(lines: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let mut headers = Vec::new();
    for line in lines {
        let Some(colon) = find(line, b':') else {
            continue;
        };
        let name = trim(&line[..colon]);
        if !name.is_empty() && name.iter().all(|&b| is_token(b)) {
            let name = String::from_utf8(name.into()).unwrap();
            headers.push((name, trim(&line[colon + 1..]).into()));
        }
    }
    headers
}

impl Head {
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &value[..]).collect()
    }

    /// The elements of a header that is a list, in lower case.
    fn list(&self, name: &str) -> Vec<String> {
        let mut elements = Vec::new();
        for value in self.values(name) {
            let value = String::from_utf8_lossy(value).to_ascii_lowercase();
            elements.extend(
                value
                    .split(',')
                    .map(|e| e.trim_matches([' ', '\t']).to_string()),
            );
        }
        elements.retain(|element| !element.is_empty());
        elements
    }

    pub fn is_event_stream(&self, wrong: Option<Wrong>) -> bool {
        let mut types = Vec::new();
        for value in self.values("Content-Type") {
            let value = String::from_utf8_lossy(value).to_ascii_lowercase();
            for element in split_unquoted(&value) {
                let essence = element.split(';').next().unwrap().trim_matches([' ', '\t']);
                // As in Fetch, what is no type does not count.
                if essence.contains('/') && essence != "*/*" {
                    types.push(essence.to_string());
                }
            }
        }
        if wrong == Some(Wrong::FirstTypeWins) {
            types.truncate(1);
        }
        types
            .last()
            .is_some_and(|essence| essence == "text/event-stream")
    }

    pub fn is_compressed(&self) -> bool {
        let known = [
            "gzip",
            "x-gzip",
            "deflate",
            "compress",
            "x-compress",
            "br",
            "zstd",
            "dcb",
            "dcz",
        ];
        [
            self.list("Content-Encoding"),
            self.list("Transfer-Encoding"),
        ]
        .concat()
        .iter()
        .any(|coding| known.contains(&coding.as_str()))
    }

    pub fn retry_after(&self) -> Option<u64> {
        let value = *self.values("Retry-After").last()?;
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        is_number.then(|| saturating_number(value))
    }

    pub fn verdict(&self, wrong: Option<Wrong>) -> Verdict {
        match self.status {
            200 if self.is_event_stream(wrong) && !self.is_compressed() => Verdict::Open,
            301 | 302 | 303 | 307 | 308 => Verdict::Follow,
            501 | 505 | 506 | 510 | 511 => Verdict::Stop,
            408 | 421 | 425 | 429 | 500..=599 => Verdict::Retry,
            _ => Verdict::Stop,
        }
    }

    pub fn framing(&self) -> Result<Framing, InvalidHead> {
        if matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Framing::Length(0));
        }
        if !self.values("Transfer-Encoding").is_empty() {
            let is_chunked = self
                .list("Transfer-Encoding")
                .last()
                .is_some_and(|c| c == "chunked");
            return Ok(if is_chunked {
                Framing::Chunked
            } else {
                Framing::UntilClose
            });
        }
        let mut lengths = Vec::new();
        for text in self.list("Content-Length") {
            if !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(InvalidHead::ContentLength);
            }
            lengths.push(
                text.parse::<u64>()
                    .map_err(|_| InvalidHead::ContentLength)?,
            );
        }
        lengths.dedup();
        match lengths[..] {
            [] if self.values("Content-Length").is_empty() => Ok(Framing::UntilClose),
            [length] => Ok(Framing::Length(length)),
            _ => Err(InvalidHead::ContentLength),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Framing {
    Chunked,
    Length(u64),
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BodyEnd {
    NotYet,
    Complete,
    Broken(InvalidChunk),
}

/// The body in `raw`, and whether it is over.
pub fn unframe(framing: Framing, raw: &[u8]) -> (Vec<u8>, BodyEnd) {
    match framing {
        Framing::UntilClose => (raw.into(), BodyEnd::NotYet),
        Framing::Length(length) if raw.len() as u64 >= length => {
            (raw[..length as usize].into(), BodyEnd::Complete)
        }
        Framing::Length(_) => (raw.into(), BodyEnd::NotYet),
        Framing::Chunked => {
            let mut body = Vec::new();
            let end = chunks(raw, &mut body).err().unwrap_or(BodyEnd::Complete);
            (body, end)
        }
    }
}

fn chunks(mut raw: &[u8], body: &mut Vec<u8>) -> Result<(), BodyEnd> {
    loop {
        let size = take_size(&mut raw)?;
        if size == 0 {
            break;
        }
        if size > raw.len() as u64 {
            body.extend(raw);
            return Err(BodyEnd::NotYet);
        }
        body.extend(&raw[..size as usize]);
        raw = &raw[size as usize..];
        match raw {
            [b'\r', b'\n', ..] => raw = &raw[2..],
            [b'\n', ..] => raw = &raw[1..],
            [] | [b'\r'] => return Err(BodyEnd::NotYet),
            _ => return Err(BodyEnd::Broken(InvalidChunk::LineEnd)),
        }
    }
    let mut room = LINE_LIMIT;
    loop {
        let trailer = take_line(&mut raw, room)?;
        if trailer.is_empty() {
            return Ok(());
        }
        room -= trailer.len();
    }
}

/// The size of a chunk, up to the end of its line. What is wrong is noticed at once.
fn take_size(raw: &mut &[u8]) -> Result<u64, BodyEnd> {
    let wrong = Err(BodyEnd::Broken(InvalidChunk::Size));
    let is_digit = |b: &u8| b.is_ascii_hexdigit();
    let digits = &raw[..raw.iter().position(|b| !is_digit(b)).unwrap_or(raw.len())];
    let size = match u64::from_str_radix(&String::from_utf8_lossy(digits), 16) {
        Ok(size) => size,
        Err(_) if digits.is_empty() && raw.is_empty() => return Err(BodyEnd::NotYet),
        Err(_) => return wrong,
    };
    // What follows white space or a semicolon is skipped.
    if !matches!(
        raw.get(digits.len()),
        None | Some(b' ' | b'\t' | b';' | b'\r' | b'\n')
    ) {
        return wrong;
    }
    if digits.len() > LINE_LIMIT {
        return Err(BodyEnd::Broken(InvalidChunk::TooLong));
    }
    let has_more = matches!(raw.get(digits.len()), Some(b' ' | b'\t' | b';'));
    *raw = &raw[digits.len() + usize::from(has_more)..];
    take_line(raw, LINE_LIMIT)?;
    Ok(size)
}

/// A line of the framing, of at most this length without its end.
fn take_line<'a>(raw: &mut &'a [u8], most: usize) -> Result<&'a [u8], BodyEnd> {
    let end = find(raw, b'\n');
    let line = &raw[..end.unwrap_or(raw.len())];
    let line_without_cr = line.strip_suffix(b"\r").unwrap_or(line);
    if line_without_cr.contains(&b'\r') {
        return Err(BodyEnd::Broken(InvalidChunk::LineEnd));
    }
    if line_without_cr.len() > most {
        return Err(BodyEnd::Broken(InvalidChunk::TooLong));
    }
    *raw = &raw[end.ok_or(BodyEnd::NotYet)? + 1..];
    Ok(line_without_cr)
}

/// The elements of a list that may contain quoted strings (RFC 9110, section 5.6.4).
fn split_unquoted(list: &str) -> Vec<String> {
    let mut elements = vec![String::new()];
    let mut rest = list.chars();
    while let Some(c) = rest.next() {
        if c == ',' {
            elements.push(String::new());
            continue;
        }
        let element = elements.last_mut().unwrap();
        element.push(c);
        if c == '"' {
            while let Some(c) = rest.next().filter(|c| *c != '"') {
                element.push(c);
                if c == '\\' {
                    element.extend(rest.next());
                }
            }
        }
    }
    elements
}

/// A number of more than 64 bits becomes the greatest.
pub fn saturating_number(digits: &[u8]) -> u64 {
    String::from_utf8_lossy(digits).parse().unwrap_or(u64::MAX)
}

pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

pub fn trim(bytes: &[u8]) -> &[u8] {
    let is_text = |b: &u8| *b != b' ' && *b != b'\t';
    let start = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_text).map_or(start, |at| at + 1);
    &bytes[start..end]
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    &bytes[bytes
        .iter()
        .position(|&b| b != b' ' && b != b'\t')
        .unwrap_or(bytes.len())..]
}

fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|&b| b == wanted)
}
