//! The decoders, each as a function from pushes to events.
//!
//! Those that are a `Stream` of owned events over a `Stream` of chunks are in `streams.rs`.

use std::future::ready;
use std::sync::Mutex;

use bytes::Bytes;
use embedded_sse::{Decoder, Item};
use embedded_sse_benches::seen::Seen;
use eventsource_client::Client;
use futures_util::stream::{StreamExt, iter};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture};

use crate::contest::{Contest, Pushes, Subject};
use crate::streams::{drain, eventsource_stream, sse_stream, sseer};

pub const DECODERS: Contest = Contest {
    ours: Subject {
        name: match cfg!(feature = "vectors") {
            true => "embedded-sse, simdutf8 and wide",
            false => "embedded-sse",
        },
        run: ours,
    },
    peers: &DECODER_PEERS,
};

const DECODER_PEERS: [Subject; 6] = [
    Subject {
        name: "sse-core",
        run: sse_core,
    },
    Subject {
        name: "sse-stream",
        run: sse_stream,
    },
    Subject {
        name: "sseer",
        run: sseer,
    },
    Subject {
        name: "sse-parse",
        run: sse_parse,
    },
    Subject {
        name: "eventsource-stream",
        run: eventsource_stream,
    },
    Subject {
        name: "eventsource-client",
        run: eventsource_client,
    },
];

fn ours(pushes: Pushes, seen: &mut Seen) {
    // Used for all streams in turn, as on a microcontroller.
    static DECODER: Mutex<Decoder<{ 65 * 1024 }>> = Mutex::new(Decoder::new());
    let mut decoder = DECODER.lock().expect("one thread");
    decoder.new_stream();
    for push in pushes {
        let mut input = *push;
        while let Some(item) = decoder.decode(&mut input) {
            if let Item::Event(event) = item {
                seen.event(event.event_type, event.data);
            }
        }
    }
}

fn sse_core(pushes: Pushes, seen: &mut Seen) {
    let mut decoder = sse_core::SseDecoder::new();
    for push in pushes {
        let mut input = *push;
        while let Some(item) = decoder.next(&mut input) {
            if let Ok(sse_core::SseEvent::Message(event)) = item {
                seen.event(&event.event, &event.data);
            }
        }
    }
}

fn sse_parse(pushes: Pushes, seen: &mut Seen) {
    let mut parser = sse_parse::SseParser::new();
    for push in pushes {
        parser.feed(push);
        while let Some(event) = parser.next_event() {
            seen.event(&event.event, &event.data);
        }
    }
}

/// Its decoder is not public, so this replaces its transport.
fn eventsource_client(pushes: Pushes, seen: &mut Seen) {
    #[derive(Clone)]
    struct Transport(Pushes);

    impl HttpTransport for Transport {
        fn request(&self, _: http::Request<Option<Bytes>>) -> ResponseFuture {
            let pushes = self.0.iter().map(|push| Ok(Bytes::from_static(push)));
            let body: ByteStream = Box::pin(iter(pushes));
            Box::pin(ready(Ok(http::Response::new(body))))
        }
    }

    let client = eventsource_client::ClientBuilder::for_url("http://localhost/")
        .expect("a URL")
        .reconnect(eventsource_client::ReconnectOptions::reconnect(false).build())
        .build_with_transport(Transport(pushes));
    // At the end, it returns an error and would reconnect.
    let stream = client.stream().take_while(|item| ready(item.is_ok()));
    drain(stream, |item| {
        if let Ok(eventsource_client::SSE::Event(event)) = item {
            seen.event(&event.event_type, &event.data);
        }
    });
}
