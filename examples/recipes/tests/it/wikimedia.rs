//! Wikimedia's EventStreams, that is `KafkaSSE`:
//! <https://wikitech.wikimedia.org/wiki/Event_Platform/EventStreams_HTTP_Service>.

use std::io;

use crate::program::Program;
use crate::server::{Reply, Server, Stream};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wikimedia");
const TARGET: &str = "/v2/stream/recentchange";
const CONTACT: &str = "https://example.org/bot; bot@example.org";

/// Begins a stream with the service's first comment.
fn open(reply: Reply) -> io::Result<Stream> {
    let mut stream = reply.stream("x-cache: cp3081 miss, cp3081 pass\r\n")?;
    stream.send(":ok\n\n")?;
    Ok(stream)
}

/// The position in each Kafka topic of the streams, as in the real IDs.
fn id(streams: &[&str], timestamp: u64) -> String {
    let topics = streams.iter().flat_map(|stream| {
        ["eqiad", "codfw"].map(|centre| {
            format!(
                r#"{{"topic":"{centre}.mediawiki.{stream}","partition":0,"timestamp":{timestamp}}}"#
            )
        })
    });
    format!("[{}]", topics.collect::<Vec<_>>().join(","))
}

fn edit(id: &str, domain: &str, wiki: &str, title: &str) -> String {
    format!(
        "event: message\nid: {id}\ndata: {{\"$schema\":\"/mediawiki/recentchange/1.0.0\",\
         \"meta\":{{\"uri\":\"https://{domain}/wiki/x\",\"id\":\"9bea80f8\",\"domain\":\"{domain}\",\
         \"stream\":\"mediawiki.recentchange\",\"partition\":0,\"offset\":2603659077}},\
         \"id\":53404707,\"type\":\"edit\",\"namespace\":10,\"title\":\"{title}\",\"comment\":\"bot\",\
         \"user\":\"DMbotY\",\"bot\":true,\"wiki\":\"{wiki}\",\"parsedcomment\":\"<a href=\\\"\\\">\"}}\n\n"
    )
}

#[test]
fn edits_of_one_wiki_are_printed_and_the_stream_is_resumed() {
    let (one, two) = (
        id(&["recentchange"], 1596207527001),
        id(&["recentchange"], 1596207528001),
    );
    assert_eq!(one.len(), 163);
    let resumes_after = two.clone();
    let server = Server::start(move |request, _, reply| {
        let mut stream = open(reply)?;
        match request.header("Last-Event-ID") {
            None => {
                stream.send(&edit(&one, "de.wikipedia.org", "dewiki", "Tee"))?;
                stream.send(&edit(&one, "canary", "dewiki", "Test"))?;
                stream.send("event: error\ndata: {\"message\":\"a topic is away\"}\n\n")?;
                // The service cuts each connection after 15 minutes.
                stream.send(&edit(&two, "en.wikipedia.org", "enwiki", "Tea"))
            }
            Some(last) => {
                assert_eq!(last, two);
                // Longer than one read, and in several lines.
                let title = "x".repeat(20_000);
                stream.send(&edit(&two, "de.wikipedia.org", "dewiki", &title))?;
                stream.hold()
            }
        }
    });
    let program = Program::start(PROGRAM, &[&server.url(TARGET), "dewiki", CONTACT], &[]);
    assert_eq!(program.line(), "DMbotY: Tee");
    assert_eq!(program.line(), format!("DMbotY: {}", "x".repeat(20_000)));
    let errors = program.kill();
    assert!(
        errors.contains("error: {\"message\":\"a topic is away\"}"),
        "{errors}"
    );
    assert!(
        errors.contains("lost: the connection ended before the response did"),
        "{errors}"
    );
    let requests = server.requests();
    assert_eq!(
        requests[1].header("Last-Event-ID"),
        Some(&resumes_after[..])
    );
    let user_agent = requests[0].header("User-Agent").expect("it is sent");
    assert!(user_agent.contains(&format!("({CONTACT})")), "{user_agent}");
}

/// Three streams in one have six topics, so their IDs do not fit.
#[test]
fn an_id_that_does_not_fit_is_reported_with_its_length() {
    let streams = ["page-create", "page-delete", "page-undelete"];
    let long = id(&streams, 1596207527001);
    assert_eq!(long.len(), 485);
    let server = Server::start(move |_, _, reply| {
        let mut stream = open(reply)?;
        stream.send(&edit(&long, "de.wikipedia.org", "dewiki", "Tee"))?;
        stream.hold()
    });
    let url = server.url(&format!("/v2/stream/{}", streams.join(",")));
    let program = Program::start(PROGRAM, &[&url, "dewiki", CONTACT], &[]);
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), ""));
    assert_eq!(
        errors,
        "error: an ID has 485 bytes: set META to 485 or more\n"
    );
}

#[test]
fn a_refusal_ends_the_program() {
    let server = Server::start(|_, _, reply| {
        let body = "Please respect our robot policy";
        reply.whole("403 Forbidden", "Content-Type: text/plain\r\n", body)
    });
    let program = Program::start(PROGRAM, &[&server.url(TARGET), "dewiki", CONTACT], &[]);
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), ""));
    let refused = "error: the server refused the request (403): Please respect our robot policy\n";
    assert_eq!(errors, refused);
    assert_eq!(server.requests().len(), 1);
}
