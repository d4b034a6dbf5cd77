//! The streams of OpenAI's chat completions, and of services that are compatible with it.

use std::io;

use crate::program::Program;
use crate::server::{Reply, Request, Server, Stream};

const PROGRAM: &str = env!("CARGO_BIN_EXE_llm");

fn ask(server: &Server) -> (Option<i32>, String, String) {
    let url = server.url("/v1/chat/completions");
    let args = [&url, "gpt-5", "Say \"hi\"!"];
    Program::start(PROGRAM, &args, &[("LLM_API_KEY", "sk-secret")]).wait()
}

fn chunk(content: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1738233468,\
         \"model\":\"gpt-5\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\
         \"finish_reason\":null}}]}}\n\n"
    )
}

/// Begins a stream as the real one does: with a chunk that has a role but no text.
fn begin(reply: Reply) -> io::Result<Stream> {
    let mut stream = reply.stream("x-ratelimit-remaining-requests: 99\r\n")?;
    stream.send(
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\
         \"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
    )?;
    // OpenRouter sends such comments until the model begins.
    stream.send(": OPENROUTER PROCESSING\n\n")?;
    Ok(stream)
}

fn whole_answer(reply: Reply) -> io::Result<()> {
    let mut stream = begin(reply)?;
    stream.send(&chunk("Hi"))?;
    stream.send(&chunk(" there\\n\\u00e9"))?;
    stream
        .send("data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n")?;
    stream.send("data: [DONE]\n\n")?;
    stream.end()
}

fn refuse(reply: Reply, status: &str, headers: &str, message: &str, code: &str) -> io::Result<()> {
    let body = format!(
        "{{\n  \"error\": {{\n    \"message\": \"{message}\",\n    \"type\": \"{code}\",\n    \
         \"param\": null,\n    \"code\": \"{code}\"\n  }}\n}}\n"
    );
    reply.whole(
        status,
        &format!("Content-Type: application/json\r\n{headers}"),
        &body,
    )
}

fn assert_is_the_request(request: &Request) {
    assert_eq!(request.method, "POST");
    assert_eq!(request.path(), "/v1/chat/completions");
    assert_eq!(request.header("Authorization"), Some("Bearer sk-secret"));
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["stream"], true);
    assert_eq!(body["messages"][0]["content"], "Say \"hi\"!");
}

#[test]
fn an_answer_is_printed_and_ends_with_done() {
    let server = Server::start(|_, _, reply| whole_answer(reply));
    let (status, output, errors) = ask(&server);
    assert_eq!(
        (status, &output[..], &errors[..]),
        (Some(0), "Hi there\né\n", "")
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_is_the_request(&requests[0]);
}

#[test]
fn an_error_in_the_middle_is_shown() {
    let server = Server::start(|_, _, reply| {
        let mut stream = begin(reply)?;
        stream.send(&chunk("Hi"))?;
        stream.send(
            "data: {\"error\":{\"message\":\"The server had an error.\",\"type\":\"server_error\",\
             \"param\":null,\"code\":null}}\n\n",
        )?;
        stream.end()
    });
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(1), "Hi\n"));
    assert_eq!(errors, "error: The server had an error.\n");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn retry_after_is_obeyed() {
    let server = Server::start(|_, number, reply| match number {
        0 => refuse(
            reply,
            "429 Too Many Requests",
            "Retry-After: 2\r\n",
            "Rate limit reached",
            "rate_limit_exceeded",
        ),
        _ => whole_answer(reply),
    });
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(0), "Hi there\né\n"));
    // Without the header, the first wait is at most 1 s.
    let wait = errors
        .strip_prefix("status 429; next attempt in ")
        .expect(&errors);
    let ms: u64 = wait.trim_end_matches(" ms\n").parse().expect(wait);
    assert!(ms >= 2000, "{ms}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    requests.iter().for_each(assert_is_the_request);
}

#[test]
fn an_exhausted_quota_ends_with_its_message_after_three_requests() {
    let server = Server::start(|_, _, reply| {
        let message = "You exceeded your current quota";
        refuse(
            reply,
            "429 Too Many Requests",
            "",
            message,
            "insufficient_quota",
        )
    });
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(1), ""));
    assert!(
        errors.ends_with("(status 429): You exceeded your current quota\n"),
        "{errors}"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn an_overloaded_service_is_asked_again() {
    let server = Server::start(|_, number, reply| match number {
        0 => refuse(
            reply,
            "503 Service Unavailable",
            "",
            "Overloaded",
            "server_error",
        ),
        _ => whole_answer(reply),
    });
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(0), "Hi there\né\n"));
    assert!(
        errors.starts_with("status 503; next attempt in "),
        "{errors}"
    );
    assert_eq!(server.requests().len(), 2);
}

/// A gateway has given up, but the model may be at work.
#[test]
fn a_gateway_timeout_is_not_sent_again() {
    let server = Server::start(|_, _, reply| {
        reply.whole(
            "504 Gateway Timeout",
            "Content-Type: text/html\r\n",
            "<html></html>",
        )
    });
    let (status, _, errors) = ask(&server);
    assert_eq!(status, Some(1));
    let refused = "error: the request may not be sent again (status 504): ";
    assert!(errors.starts_with(refused), "{errors}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_cut_answer_is_not_sent_again() {
    let server = Server::start(|_, _, reply| {
        let mut stream = begin(reply)?;
        stream.send(&chunk("Hi"))
    });
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(1), "Hi\n"));
    assert!(
        errors.starts_with("error: the answer is incomplete: the connection ended"),
        "{errors}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_cut_before_the_answer_is_not_sent_again() {
    let server = Server::start(|_, _, _| Ok(()));
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(1), "\n"));
    assert!(
        errors.starts_with("error: the answer is incomplete: "),
        "{errors}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_end_without_done_is_an_incomplete_answer() {
    let server = Server::start(|_, _, reply| {
        let mut stream = begin(reply)?;
        stream.send(&chunk("Hi"))?;
        stream.end()
    });
    let (status, output, errors) = ask(&server);
    assert_eq!((status, &output[..]), (Some(1), "Hi\n"));
    let cause = "the server ended the response";
    assert_eq!(
        errors,
        format!("error: the answer is incomplete: {cause}\n")
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_error_of_a_refusal_is_shown() {
    let cases = [
        (
            "401 Unauthorized",
            "Incorrect API key provided: sk-secret.",
            "invalid_api_key",
        ),
        (
            "400 Bad Request",
            "Invalid value for 'messages'.",
            "invalid_request_error",
        ),
    ];
    for (status, message, code) in cases {
        let server = Server::start(move |_, _, reply| refuse(reply, status, "", message, code));
        let (exit, output, errors) = ask(&server);
        assert_eq!((exit, &output[..]), (Some(1), ""));
        let number = &status[..3];
        let refused = format!("error: the server refused the request ({number}): {message}\n");
        assert_eq!(errors, refused);
        assert_eq!(server.requests().len(), 1);
    }
}
