//! The example `typed`. Run with `--all-features`.

#![cfg(feature = "json")]

use std::io::Write;

use crate::support::Tool;

#[test]
fn each_event_is_decoded_to_its_type() {
    let mut typed = Tool::run("typed", &[]);
    let mut stdin = typed.stdin();
    let stream = concat!(
        "event: product\ndata: {\"id\":1,\"prices\":[3,5]}\n\n",
        "event: product\ndata: {\"id\":1}\n\n",
        "event: customer\ndata: {\"id\":2,\"name\":\"J\\u00f6rg\"}\n\n",
        "event: reading\ndata: A9AP\n\n",
        "data: x\n\n",
    );
    stdin.write_all(stream.as_bytes()).unwrap();
    drop(stdin);
    for want in [
        "product 1: [3, 5]",
        "customer 2: Jörg",
        "sensor 3: 2000 mV",
        "message: x",
    ] {
        assert_eq!(typed.line().as_deref(), Some(want));
    }
    assert!(typed.exit(0).starts_with("product: JSON: "));
}

#[test]
fn bad_usage_is_one_clear_line() {
    let complaint = Tool::run("typed", &["--unknown"]).expect_complaint(2);
    assert!(complaint.starts_with("usage: typed"));
}
