//! The streams of Firebase's REST API:
//! <https://firebase.google.com/docs/reference/rest/database#section-streaming>.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::Program;
use crate::server::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_firebase");

/// A file with a token.
fn token_file(name: &str, token: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, format!("{token}\n")).expect("a file in the target directory");
    file
}

fn start(server: &Server, target: &str, file: &Path) -> Program {
    let file = file.to_str().expect("UTF-8");
    Program::start(
        PROGRAM,
        &[&server.url(target)],
        &[("FIREBASE_TOKEN_FILE", file)],
    )
}

/// The front server sends each client to the server that has the database.
fn front(database: &Server) -> Server {
    let database = database.url("");
    Server::start(move |request, _, reply| {
        let target = &request.target;
        let separator = if target.contains('?') { '&' } else { '?' };
        let location = format!("Location: {database}{target}{separator}ns=project\r\n");
        reply.whole("307 Temporary Redirect", &location, "")
    })
}

#[test]
fn changes_are_printed_from_the_host_of_the_redirect() {
    let database = Server::start(|_, _, reply| {
        let mut stream = reply.stream("")?;
        stream.send("event: put\ndata: {\"path\":\"/\",\"data\":{\"a\":1,\"b\":2}}\n\n")?;
        stream.send("event: keep-alive\ndata: null\n\n")?;
        stream.send("event: put\ndata: {\"path\":\"/c\",\"data\":{\"foo\":true}}\n\n")?;
        stream.send("event: patch\ndata: {\"path\":\"/c\",\"data\":{\"foo\":3,\"baz\":4}}\n\n")?;
        stream.hold()
    });
    let server = front(&database);
    let file = token_file("firebase-redirect", "first.token");
    let program = start(&server, "/users.json?orderBy=%22age%22", &file);
    assert_eq!(program.line(), r#"put / {"a":1,"b":2}"#);
    assert_eq!(program.line(), r#"put /c {"foo":true}"#);
    assert_eq!(program.line(), r#"patch /c {"foo":3,"baz":4}"#);
    let target = "/users.json?orderBy=%22age%22&auth=first.token";
    let (asked, told) = (&server.requests()[0], &database.requests()[0]);
    assert_eq!(asked.target, target);
    assert_eq!(asked.header("Accept"), Some("text/event-stream"));
    assert_eq!(told.target, format!("{target}&ns=project"));
}

#[test]
fn a_revoked_token_is_replaced_by_a_new_one() {
    let file = token_file("firebase-revoked", "old");
    let renewed = file.clone();
    let database = Server::start(move |request, _, reply| {
        let mut stream = reply.stream("")?;
        let data = format!("\"for {}\"", request.query("auth").unwrap_or_default());
        stream.send(&format!(
            "event: put\ndata: {{\"path\":\"/\",\"data\":{data}}}\n\n"
        ))?;
        if request.query("auth") == Some("old") {
            fs::write(&renewed, "new\n")?;
            stream.send("event: auth_revoked\ndata: \"credential is no longer valid\"\n\n")?;
        }
        stream.hold()
    });
    let server = front(&database);
    let program = start(&server, "/a.json", &file);
    assert_eq!(program.line(), r#"put / "for old""#);
    assert_eq!(program.line(), r#"put / "for new""#);
    let errors = program.kill();
    assert!(
        errors.contains("the token has expired: \"credential"),
        "{errors}"
    );
    // The new attempt began at the front server, not at the host of the redirect.
    let targets: Vec<_> = server.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/a.json?auth=old", "/a.json?auth=new"]);
}

/// After a loss, the first `put` has all the data again.
#[test]
fn a_loss_leads_back_to_the_front_server_with_the_newest_token() {
    let file = token_file("firebase-loss", "old");
    let renewed = file.clone();
    let database = Server::start(move |_, number, reply| {
        let mut stream = reply.stream("")?;
        let put = format!("event: put\ndata: {{\"path\":\"/\",\"data\":{number}}}\n\n");
        fs::write(&renewed, "new\n")?;
        stream.send(&put)?;
        if number == 0 { Ok(()) } else { stream.hold() }
    });
    let server = front(&database);
    let program = start(&server, "/a.json", &file);
    assert_eq!(program.line(), "put / 0");
    assert_eq!(program.line(), "put / 1");
    let targets: Vec<_> = server.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/a.json?auth=old", "/a.json?auth=new"]);
}

#[test]
fn cancel_ends_the_program() {
    let server = Server::start(|_, _, reply| {
        let mut stream = reply.stream("")?;
        stream.send("event: put\ndata: {\"path\":\"/\",\"data\":null}\n\n")?;
        stream.send("event: cancel\ndata: \"Permission denied\"\n\n")?;
        stream.hold()
    });
    let program = start(&server, "/a.json", &token_file("firebase-cancel", "token"));
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), "put / null\n"));
    let reason = "the database cancelled the stream: \"Permission denied\"";
    assert_eq!(errors, format!("error: {reason}\n"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_refused_token_ends_the_program() {
    let server = Server::start(|_, _, reply| {
        let body = "{\n  \"error\" : \"Permission denied\"\n}\n";
        reply.whole(
            "401 Unauthorized",
            "Content-Type: application/json\r\n",
            body,
        )
    });
    let program = start(&server, "/a.json", &token_file("firebase-refused", "token"));
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), ""));
    assert!(
        errors.contains("(401)") && errors.contains("Permission denied"),
        "{errors}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_token_file_that_cannot_be_read_ends_the_program_before_it_connects() {
    let server = Server::start(|_, _, reply| reply.stream("")?.hold());
    let missing = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("firebase-missing");
    for (file, problem) in [
        (missing, "No such file"),
        (token_file("firebase-empty", ""), "the file is empty"),
    ] {
        let (status, output, errors) = start(&server, "/a.json", &file).wait();
        assert_eq!((status, &output[..]), (Some(1), ""));
        let name = file.to_str().expect("UTF-8");
        assert!(
            errors.starts_with("error: ") && errors.contains(name),
            "{errors}"
        );
        assert!(errors.contains(problem), "{errors}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn the_last_token_is_sent_again_while_the_file_is_written() {
    let file = token_file("firebase-emptied", "old");
    let emptied = file.clone();
    let server = Server::start(move |_, number, reply| {
        let mut stream = reply.stream("")?;
        fs::write(&emptied, "")?;
        stream.send(&format!(
            "event: put\ndata: {{\"path\":\"/\",\"data\":{number}}}\n\n"
        ))?;
        if number == 0 { Ok(()) } else { stream.hold() }
    });
    let program = start(&server, "/a.json", &file);
    assert_eq!(
        (&program.line()[..], &program.line()[..]),
        ("put / 0", "put / 1")
    );
    let errors = program.kill();
    assert!(
        errors.contains("the last token is sent again: "),
        "{errors}"
    );
    let targets: Vec<_> = server.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/a.json?auth=old", "/a.json?auth=old"]);
}
