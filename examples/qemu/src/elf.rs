//! How large the sections of a program are: as much of ELF as that needs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

pub struct Sections(HashMap<String, u32>);

impl Sections {
    /// Of a program for a 32-bit, little-endian machine.
    pub fn of(program: &Path) -> Result<Self, String> {
        let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
        let sections = bytes.starts_with(b"\x7FELF\x01\x01").then(|| parse(&bytes));
        let sections = sections.flatten();
        sections
            .map(Self)
            .ok_or(format!("{} is no ELF of 32 bits", program.display()))
    }

    /// What lies in flash: code, constants, and the initial content of `.data`.
    pub fn flash(&self) -> u32 {
        self.size(".text") + self.size(".rodata") + self.initial_values()
    }

    /// What is copied from flash to RAM at boot.
    pub fn initial_values(&self) -> u32 {
        self.size(".data")
    }

    /// What is taken for the whole run, without the stack.
    pub fn ram(&self) -> u32 {
        self.initial_values() + self.size(".bss")
    }

    fn size(&self, name: &str) -> u32 {
        self.0.get(name).copied().unwrap_or_default()
    }
}

fn parse(bytes: &[u8]) -> Option<HashMap<String, u32>> {
    let table = word(bytes, 0x20)?;
    let [entry, count, names] = [0x2E, 0x30, 0x32].map(|at| half(bytes, at));
    let (entry, count) = (entry?, count?);
    let header = |index: usize| bytes.get(table + index * entry..);
    let names = word(header(names?)?, 16)?;
    (0..count)
        .map(|index| {
            let header = header(index)?;
            let name = bytes
                .get(names + word(header, 0)?..)?
                .split(|&byte| byte == 0)
                .next()?;
            let size = word(header, 20)?;
            Some((String::from_utf8_lossy(name).into_owned(), size as u32))
        })
        .collect()
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*word) as usize)
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    let half = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*half).into())
}
