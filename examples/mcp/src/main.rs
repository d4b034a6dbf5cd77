//! Lists the tools of an MCP server, or calls one.

use std::process::ExitCode;

use client::{Client, Error, printable};
use serde_json::{Map, Value, json};

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        [url] => run(url, "tools/list", &json!({})),
        [tool, url] => run(url, "tools/call", &json!({"name": tool})),
        [tool, arguments, url] => match arguments.parse::<Value>() {
            Ok(arguments) => {
                let params = json!({"name": tool, "arguments": arguments});
                run(url, "tools/call", &params)
            }
            Err(error) => Err(Error::Failed(format!("the arguments: {error}"))),
        },
        _ => {
            eprintln!("usage: mcp [TOOL [ARGUMENTS_AS_JSON]] http://…");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(result) => {
            // The line ends between values are JSON's; those in texts are escaped.
            for line in format!("{result:#}").lines() {
                println!("{}", printable(line));
            }
            // A tool reports its own failure in the result.
            ExitCode::from(u8::from(result["isError"] == true))
        }
        Err(error) => {
            eprintln!("error: {}", printable(error));
            ExitCode::FAILURE
        }
    }
}

/// Sends one request in a session of its own.
fn run(url: &str, method: &str, params: &Value) -> Result<Value, Error> {
    let mut client = Client::new(url, json!({"elicitation": {}}), on_message);
    let result = client.initialize().and_then(|server| {
        eprintln!("connected to {}", printable(&server["serverInfo"]["name"]));
        client.request(method, params)
    });
    if let Err(error) = client.close() {
        eprintln!("warning: the session is not closed: {}", printable(error));
    }
    result
}

fn on_message(method: &str, params: &Value) -> Option<Value> {
    let message = printable(format_args!("{method}: {params}"));
    eprintln!("the server sends {message}");
    match method {
        "elicitation/create" => Some(accept_defaults(params)),
        _ => None,
    }
}

/// Fills in a form of the server with its default values, or declines if that does not suffice. An
/// application with a user interface asks its user here.
fn accept_defaults(params: &Value) -> Value {
    let form = &params["requestedSchema"];
    let fields = form["properties"].as_object().into_iter().flatten();
    let content: Map<_, _> = fields
        .filter_map(|(name, field)| Some((name.clone(), field.get("default")?.clone())))
        .collect();
    let mut required = form["required"].as_array().into_iter().flatten();
    let is_filled =
        required.all(|name| name.as_str().is_some_and(|name| content.contains_key(name)));
    match form.is_object() && is_filled {
        true => json!({"action": "accept", "content": content}),
        false => json!({"action": "decline"}),
    }
}
