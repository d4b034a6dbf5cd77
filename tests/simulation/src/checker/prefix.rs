//! What a client remembers that may not have processed all that it has read.

use super::Memory;
use super::connection::is_shown;
use super::model;

/// All states that a client can be in that has told exactly these items of a payload. Empty if there is no
/// such state.
pub fn memories(memory: &Memory, payload: &[u8], items: &[model::Item]) -> Vec<Memory> {
    let told = |end: usize| {
        let mut model = memory.model();
        let mut told = model.interpret(&payload[..end]);
        told.retain(is_shown);
        (told, Memory::of(&model))
    };
    // Only line ends change something. The number of items grows with the payload.
    let is_end = |at: &usize| matches!(payload[*at], b'\r' | b'\n');
    let mut ends: Vec<_> = (0..payload.len()).filter(is_end).map(|at| at + 1).collect();
    ends.insert(0, 0);
    let first = ends.partition_point(|end| told(*end).0.len() < items.len());
    let mut memories = Vec::new();
    for end in &ends[first..] {
        let (others, memory) = told(*end);
        if others.len() > items.len() {
            break;
        }
        if others == items && !memories.contains(&memory) {
            memories.push(memory);
        }
    }
    memories
}
