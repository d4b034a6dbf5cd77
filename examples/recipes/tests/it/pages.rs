//! The Rust code of each page is an excerpt of its program.

use std::fs;
use std::path::Path;

const PAGES: [(&str, &str); 6] = [
    ("home-assistant.md", "home_assistant.rs"),
    ("ntfy.md", "ntfy.rs"),
    ("llm.md", "llm.rs"),
    ("firebase.md", "firebase.rs"),
    ("mercure.md", "mercure.rs"),
    ("wikimedia.md", "wikimedia.rs"),
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines without their indentation, which differs between page and program.
fn flat(code: &str) -> String {
    code.lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect()
}

/// The text of each block of this language.
fn blocks<'a>(page: &'a str, fence: &str) -> Vec<&'a str> {
    let mut parts = page.split("```");
    parts.next();
    let blocks = parts.step_by(2);
    blocks
        .filter_map(|block| block.strip_prefix(fence)?.strip_prefix('\n'))
        .collect()
}

#[test]
fn each_page_shows_code_of_its_program() {
    for (page, program) in PAGES {
        let text = read(&format!("../../docs/recipes/{page}"));
        let code = flat(&read(&format!("src/bin/{program}")));
        let blocks = blocks(&text, "rust");
        assert!(!blocks.is_empty(), "{page} has no code");
        for block in blocks {
            assert!(
                code.contains(&flat(block)),
                "{page} differs from {program}:\n{block}"
            );
        }
    }
}

#[test]
fn each_program_has_a_page_and_a_row_in_the_index() {
    let index = read("../../docs/recipes/README.md");
    let programs = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin"));
    for program in programs.expect("the programs") {
        let name = program.expect("a program").file_name();
        let page = PAGES.iter().find(|(_, program)| name == *program);
        let (page, _) = page.unwrap_or_else(|| panic!("{name:?} has no page"));
        assert!(
            index.contains(&format!("]({page})")),
            "the index does not name {page}"
        );
    }
}
