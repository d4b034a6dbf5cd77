//! The streams, (a) to (g).

use crate::seen::Seen;

pub struct Input {
    pub letter: char,
    pub what: &'static str,
    pub stream: Vec<u8>,
    /// The events that a decoder must find.
    pub right: Seen,
}

/// Streams of about `size` bytes, which end with a whole event.
pub fn inputs(size: usize) -> Vec<Input> {
    // The numbers make the lengths of the texts vary a little.
    let token = |number: usize| {
        format!(
            r#"{{"id":"chatcmpl-9rX2bQk7LmZp0aVtYs","object":"chat.completion.chunk","created":1730000000,"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_0ba0d124f1","choices":[{{"index":0,"delta":{{"content":" token{}"}},"logprobs":null,"finish_reason":null}}]}}"#,
            number % 100
        )
    };
    let delta = |number: usize| {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"t{}"}}}}"#,
            number % 100
        )
    };
    let lines = |_| {
        vec!["0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ .,-;_#'+*~ "; 20]
            .join("\n")
    };
    let message = String::from("message");
    vec![
        input('a', "one data line of 263 bytes", size, |n, out| {
            let data = token(n);
            *out += &format!("data: {data}\n\n");
            (message.clone(), data)
        }),
        input('b', "event and data, 120 bytes", size, |n, out| {
            let data = delta(n);
            *out += &format!("event: content_block_delta\ndata: {data}\n\n");
            ("content_block_delta".into(), data)
        }),
        input('c', "a line of 64 KiB", size, |_, out| {
            let data = "0123456789abcdef".repeat(4096);
            *out += &format!("data: {data}\n\n");
            (message.clone(), data)
        }),
        input('d', "20 data lines of 80 bytes", size, |n, out| {
            let data = lines(n);
            for line in data.split('\n') {
                *out += &format!("data: {line}\n");
            }
            *out += "\n";
            (message.clone(), data)
        }),
        input('e', "`data:x`", size, |_, out| {
            *out += "data:x\n\n";
            (message.clone(), "x".into())
        }),
        input(
            'f',
            "id, event, data, comment, some retry",
            size,
            |n, out| {
                let data = format!(r#"{{"price":{}.5}}"#, n % 1000);
                *out += &format!("id: {n}\nevent: trade\ndata: {data}\n: keep-alive\n");
                if n % 16 == 0 {
                    *out += "retry: 3000\n";
                }
                *out += "\n";
                ("trade".into(), data)
            },
        ),
        input('g', "(a) with CR LF", size, |n, out| {
            let data = token(n);
            *out += &format!("data: {data}\r\n\r\n");
            (message.clone(), data)
        }),
    ]
}

fn input(
    letter: char,
    what: &'static str,
    size: usize,
    event: impl Fn(usize, &mut String) -> (String, String),
) -> Input {
    let mut stream = String::new();
    let mut right = Seen::checking();
    for number in 0.. {
        if stream.len() >= size {
            break;
        }
        let (event_type, data) = event(number, &mut stream);
        right.event(&event_type, &data);
    }
    Input {
        letter,
        what,
        stream: stream.into_bytes(),
        right,
    }
}
