//! Sends the events of ../events.py after the last one that the client names.
//!
//! usage: picoserve-server PORT

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use picoserve::extract::FromRequestParts;
use picoserve::io::Write;
use picoserve::request::RequestParts;
use picoserve::response::sse::{EventSource, EventStream, EventWriter};
use picoserve::routing::get;
use picoserve::{Config, Router, Server};
use tokio::net::TcpListener;
use tokio::task::LocalSet;

const LAST: u32 = 500;

/// The events after this one.
struct Events(u32);

impl<State> FromRequestParts<'_, State> for Events {
    type Rejection = Infallible;

    async fn from_request_parts(_: &State, request: &RequestParts<'_>) -> Result<Self, Infallible> {
        let id = request.headers().get("Last-Event-ID");
        let id = id.and_then(|id| id.as_str().ok()?.parse().ok());
        Ok(Self(id.unwrap_or_default()))
    }
}

impl EventSource for Events {
    async fn write_events<W: Write>(self, mut writer: EventWriter<'_, W>) -> Result<(), W::Error> {
        for number in self.0 + 1..=LAST {
            // The library has no `id`, but it writes the type unchanged.
            let event_type = format!("{}\nid:{number}", type_of(number));
            let mut data = data_of(number);
            if data.ends_with('\n') {
                // The library drops a line end at the end of the data.
                data += "\n";
            }
            writer.write_event(&event_type, data.as_str()).await?;
            writer.flush().await?;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

fn data_of(number: u32) -> String {
    let lines = [&format!("event {number}"), "zweite Zeile: grüezi", "", "😀"];
    lines[..=number as usize % 4].join("\n")
}

fn type_of(number: u32) -> &'static str {
    if number.is_multiple_of(7) {
        "seventh"
    } else {
        "message"
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    static CONFIG: Config = Config::const_default();

    let port = std::env::args()
        .nth(1)
        .expect("usage: picoserve-server PORT");
    let port = port.parse().expect("a port number");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.expect("a free port");
    let app = Router::new().route(
        "/events",
        get(|events: Events| async { EventStream(events) }),
    );
    let app = Rc::new(app);
    let serve = async {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let app = Rc::clone(&app);
            tokio::task::spawn_local(async move {
                // It returns an error if the client closes the connection.
                let _served = Server::new_tokio(&app, &CONFIG, &mut [0; 2048])
                    .serve(stream)
                    .await;
            });
        }
    };
    LocalSet::new().run_until(serve).await
}
