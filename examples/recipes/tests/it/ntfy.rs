//! ntfy's `/TOPIC/sse`: <https://docs.ntfy.sh/subscribe/api/>.

use std::io;

use crate::program::Program;
use crate::server::{Reply, Server, Stream};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ntfy");

/// The event `open` comes first, with an ID of its own that is not the ID of a message.
fn open(reply: Reply) -> io::Result<Stream> {
    let mut stream = reply.stream("Access-Control-Allow-Origin: *\r\n")?;
    stream.send(
        "event: open\ndata: {\"id\":\"weSj9RtNkj\",\"time\":1635528898,\"event\":\"open\",\
         \"topic\":\"mytopic\"}\n\n",
    )?;
    Ok(stream)
}

fn message(id: &str, message: &str) -> String {
    format!(
        "data: {{\"id\":\"{id}\",\"time\":1635528909,\"expires\":1635572109,\"event\":\"message\",\
         \"topic\":\"mytopic\",\"message\":\"{message}\"}}\n\n"
    )
}

const KEEPALIVE: &str = "event: keepalive\ndata: {\"id\":\"VNxNIg5fpt\",\"time\":1635528928,\
                         \"event\":\"keepalive\",\"topic\":\"mytopic\"}\n\n";

#[test]
fn a_loss_is_resumed_after_the_last_message() {
    let server = Server::start(|request, _, reply| {
        let mut stream = open(reply)?;
        match request.query("since").expect("it is always sent") {
            "p0M5y6gcCY" => {
                stream.send(&message("hwQ2YpKdmg", "sent during the loss"))?;
                stream.hold()
            }
            time => {
                // The time of the start: nothing sent after it is lost.
                assert!(
                    time.parse::<u64>().is_ok_and(|secs| secs > 1_600_000_000),
                    "{time}"
                );
                stream.send(&message("p0M5y6gcCY", "Hi!"))?;
                // Its ID is not that of a message either.
                stream.send(KEEPALIVE)
            }
        }
    });
    let program = Program::start(PROGRAM, &[&server.url("/mytopic/sse")], &[]);
    assert_eq!(program.line(), "Hi!");
    assert_eq!(program.line(), "sent during the loss");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].target, "/mytopic/sse?since=p0M5y6gcCY");
}

#[test]
fn an_id_that_would_change_the_url_is_not_used() {
    let server = Server::start(|request, number, reply| {
        let mut stream = open(reply)?;
        assert_eq!(request.query("poll"), None);
        match number {
            0 => stream.send(&message("a&poll=1", "first")),
            1 => stream.send(&message("a#b", "second")),
            _ => stream.hold(),
        }
    });
    let program = Program::start(PROGRAM, &[&server.url("/mytopic/sse")], &[]);
    assert_eq!(
        (program.line(), program.line()),
        ("first".into(), "second".into())
    );
    let requests = server.requests();
    let since = |request: &crate::server::Request| request.query("since").map(str::to_owned);
    assert!(requests.len() >= 2);
    assert!(
        requests
            .iter()
            .all(|request| since(request) == since(&requests[0]))
    );
}

#[test]
fn a_stored_id_is_sent_with_the_first_attempt_and_the_query_is_kept() {
    let server = Server::start(|_, _, reply| {
        let mut stream = open(reply)?;
        stream.send(
            "data: {\"id\":\"wze9zgqK41\",\"time\":1638542110,\"event\":\"message\",\
             \"topic\":\"mytopic\",\"priority\":5,\"tags\":[\"warning\"],\"title\":\"Disk\",\
             \"message\":\"full: \\\"/\\\"\"}\n\n",
        )?;
        stream.hold()
    });
    let url = server.url("/mytopic/sse?priority=high");
    let program = Program::start(
        PROGRAM,
        &[&url, "hwQ2YpKdmg"],
        &[("NTFY_TOKEN", "tk_secret")],
    );
    assert_eq!(program.line(), "Disk: full: \"/\"");
    let request = &server.requests()[0];
    assert_eq!(
        request.target,
        "/mytopic/sse?priority=high&since=hwQ2YpKdmg"
    );
    assert_eq!(request.header("Authorization"), Some("Bearer tk_secret"));
}

#[test]
fn a_topic_that_may_not_be_read_ends_the_program() {
    let server = Server::start(|_, _, reply| {
        let body = "{\"code\":40301,\"http\":403,\"error\":\"forbidden\",\
                    \"link\":\"https://ntfy.sh/docs/publish/#authentication\"}\n";
        reply.whole("403 Forbidden", "Content-Type: application/json\r\n", body)
    });
    let program = Program::start(PROGRAM, &[&server.url("/secret/sse")], &[]);
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), ""));
    assert!(
        errors.contains("(403)") && errors.contains("forbidden"),
        "{errors}"
    );
    assert_eq!(server.requests().len(), 1);
}
