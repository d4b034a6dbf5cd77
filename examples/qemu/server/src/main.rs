//! The other direction: the board serves the events, and a page that follows them.
//!
//! * `GET /` is the page,
//! * `GET /events` the stream,
//! * `POST /seen` prints a line: the page tells what its browser has made of the stream.
#![no_std]
#![no_main]

mod events;

use embassy_net::Stack;
use events::Events;
use picoserve::response::custom::CustomResponse;
use picoserve::response::{File, StatusCode};
use picoserve::routing::{get, get_service, post};
use picoserve::{Config, Router, Server};
use static_cell::ConstStaticCell;

/// A browser has one for the stream, one for the page and what it tells, and may open one more in
/// advance. With the fourth somebody else can follow too. `firmware` has sockets for so many.
const CONNECTIONS: usize = 4;

/// What a connection needs. A browser's request has half a kilobyte of headers and more.
struct Memory {
    http: [u8; 2048],
    rx: [u8; 1024],
    tx: [u8; 1024],
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static MEMORY: ConstStaticCell<[Memory; CONNECTIONS]> = ConstStaticCell::new(
        [const {
            Memory {
                http: [0; 2048],
                rx: [0; 1024],
                tx: [0; 1024],
            }
        }; CONNECTIONS],
    );

    firmware::run(|spawner, stack| {
        for memory in MEMORY.take() {
            spawner.spawn(serve(stack, memory).expect("there is a task for each"));
        }
        board::put(b"it serves\n");
    })
}

#[embassy_executor::task(pool_size = CONNECTIONS)]
async fn serve(stack: Stack<'static>, memory: &'static mut Memory) {
    static CONFIG: Config = Config::const_default();

    let app = Router::new()
        .route("/", get_service(File::html(include_str!("page.html"))))
        .route("/events", get(stream))
        .route("/seen", post(seen));
    let Memory { http, rx, tx } = memory;
    let server = Server::new(&app, &CONFIG, http);
    server
        .listen_and_serve("", stack, 80, rx, tx)
        .await
        .into_never()
}

async fn stream(events: Events) -> impl picoserve::response::IntoResponse {
    CustomResponse::build(StatusCode::OK)
        .with_header("Content-Type", "text/event-stream")
        .with_header("Cache-Control", "no-cache")
        .with_body(events)
}

async fn seen(line: heapless::String<256>) {
    board::put(line.as_bytes());
    board::put(b"\n");
}
