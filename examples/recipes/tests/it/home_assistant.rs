//! Home Assistant's `APIEventStream`: `homeassistant/components/api/__init__.py`.

use crate::program::Program;
use crate::server::{Reply, Request, Server, Stream};

const PROGRAM: &str = env!("CARGO_BIN_EXE_home_assistant");

/// Sends the first ping, as the real one does at once; or refuses the token.
fn sign_in(request: &Request, reply: Reply) -> std::io::Result<Stream> {
    if request.header("Authorization") != Some("Bearer secret") {
        reply.whole(
            "401 Unauthorized",
            "Content-Type: text/plain\r\n",
            "401: Unauthorized",
        )?;
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    assert_eq!(request.path(), "/api/stream");
    assert_eq!(request.query("restrict"), Some("state_changed"));
    let mut stream = reply.stream("Server: Python/3.14 aiohttp/3.13\r\n")?;
    stream.send("data: ping\n\n")?;
    Ok(stream)
}

/// A state as in the real events, or `null`.
fn state(entity: &str, state: Option<&str>) -> String {
    let Some(state) = state else {
        return "null".into();
    };
    format!(
        r#"{{"entity_id":"{entity}","state":"{state}","attributes":{{"brightness":12.5,"effect_list":["none","rainbow"],"friendly_name":"L\u00e4mpchen"}},"last_changed":"2026-11-30T12:00:00.000000+00:00","context":{{"id":"01JDX","parent_id":null,"user_id":null}}}}"#
    )
}

fn changed(entity: &str, old: Option<&str>, new: Option<&str>) -> String {
    let (old, new) = (state(entity, old), state(entity, new));
    format!(
        "data: {{\"event_type\":\"state_changed\",\"data\":{{\"entity_id\":\"{entity}\",\
         \"old_state\":{old},\"new_state\":{new}}},\"origin\":\"LOCAL\",\
         \"time_fired\":\"2026-11-30T12:00:00.000000+00:00\",\
         \"context\":{{\"id\":\"01JDX\",\"parent_id\":null,\"user_id\":null}}}}\n\n"
    )
}

#[test]
fn changes_of_states_are_printed_and_pings_are_not() {
    let server = Server::start(|request, _, reply| {
        let mut stream = sign_in(request, reply)?;
        stream.send(&changed("light.kitchen", Some("off"), Some("on")))?;
        stream.send("data: ping\n\n")?;
        stream.send(&changed("sensor.new", None, Some("21.5")))?;
        stream.send(&changed("sensor.new", Some("21.5"), None))?;
        stream.send(&changed("input_text.note", Some("a"), Some(r#"\"b\"\n"#)))?;
        stream.hold()
    });
    let program = Program::start(PROGRAM, &[&server.url("")], &[("HA_TOKEN", "secret")]);
    assert_eq!(program.line(), "light.kitchen: off -> on");
    assert_eq!(program.line(), "sensor.new: none -> 21.5");
    assert_eq!(program.line(), "sensor.new: 21.5 -> none");
    assert_eq!(program.line(), "input_text.note: a -> \"b\"\\n");
}

#[test]
fn an_event_that_is_not_understood_is_skipped() {
    let server = Server::start(|request, _, reply| {
        let mut stream = sign_in(request, reply)?;
        stream.send("data: {\"event_type\":\"state_changed\",\"data\":{}}\n\n")?;
        stream.send(&changed("light.kitchen", Some("off"), Some("on")))?;
        stream.hold()
    });
    let program = Program::start(PROGRAM, &[&server.url("")], &[("HA_TOKEN", "secret")]);
    assert_eq!(program.line(), "light.kitchen: off -> on");
    let errors = program.kill();
    assert!(errors.contains("skipped an event: JSON"), "{errors}");
}

/// Home Assistant ends the stream when it stops. When it starts, its path may be unknown at first.
#[test]
fn a_restart_is_survived() {
    let server = Server::start(|request, number, reply| match number {
        0 => {
            let mut stream = sign_in(request, reply)?;
            stream.send(&changed("light.kitchen", Some("off"), Some("on")))?;
            stream.end()
        }
        1 => reply.whole(
            "404 Not Found",
            "Content-Type: text/plain\r\n",
            "404: Not Found",
        ),
        _ => {
            let mut stream = sign_in(request, reply)?;
            stream.send(&changed("light.kitchen", Some("on"), Some("off")))?;
            stream.hold()
        }
    });
    let program = Program::start(PROGRAM, &[&server.url("")], &[("HA_TOKEN", "secret")]);
    assert_eq!(program.line(), "light.kitchen: off -> on");
    assert_eq!(program.line(), "light.kitchen: on -> off");
    let errors = program.kill();
    assert!(
        errors.contains("lost: the server ended the response"),
        "{errors}"
    );
    assert!(errors.contains("lost: status 404"), "{errors}");
    assert_eq!(server.requests().len(), 3);
}

/// A path that stays unknown is a wrong URL.
#[test]
fn a_wrong_url_ends_the_program_after_four_attempts() {
    let server = Server::start(|_, _, reply| {
        let headers = "Content-Type: text/plain\r\n";
        reply.whole("404 Not Found", headers, "404: Not Found")
    });
    let program = Program::start(PROGRAM, &[&server.url("")], &[("HA_TOKEN", "secret")]);
    let (status, _, errors) = program.wait();
    assert_eq!(status, Some(1));
    let refused = "error: the server refused the request (404): 404: Not Found\n";
    assert!(errors.ends_with(refused), "{errors}");
    assert_eq!(server.requests().len(), 4);
}

/// A second attempt could lead to a ban of the address (`ip_ban_enabled`).
#[test]
fn a_wrong_token_is_tried_once() {
    let server = Server::start(|request, _, reply| sign_in(request, reply)?.hold());
    let program = Program::start(PROGRAM, &[&server.url("")], &[("HA_TOKEN", "wrong")]);
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), ""));
    assert!(errors.contains("the token is wrong"), "{errors}");
    assert_eq!(server.requests().len(), 1);
}
