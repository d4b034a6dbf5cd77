//! The Rust code for reqwest in `docs/hosts.md` is that of the programs.

const PAGE: &str = include_str!("../../../../docs/hosts.md");
const PROGRAMS: [&str; 2] = [
    include_str!("../../src/follow.rs"),
    include_str!("../../src/resume.rs"),
];

#[test]
fn the_page_shows_the_core_of_resume() {
    let blocks = PAGE.split("```rust,ignore\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    let functions: Vec<&str> = blocks.flat_map(|block| block.split("\n\n")).collect();
    let shown = |start: &str| {
        functions
            .iter()
            .find(|function| function.starts_with(start))
    };
    for start in ["async fn follow(url: &str, idle", "async fn read<"] {
        let function = shown(start).expect(start).trim_end();
        assert!(PROGRAMS[1].contains(function), "{start} differs");
    }
    // The first program differs in its URL and its `main`.
    let body = |text: &str| {
        let (_, rest) = text
            .split_once("let request = request.header(")
            .expect("the request");
        rest.split_once("Ok(())").expect("the end").0.to_owned()
    };
    assert_eq!(body(PAGE), body(PROGRAMS[0]));
}
