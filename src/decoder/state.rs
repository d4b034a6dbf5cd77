//! The fields of a decoder that are not memory for texts.

use super::fields::Digits;
use super::line::{LONGEST_START, Line};

/// The bytes come first, since short instructions of Arm reach the first 32 bytes only.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct State {
    pub(super) line: Line,
    /// Whether the input ended with CR, so that an LF is to be skipped.
    pub(super) after_cr: bool,

    pub(super) show_retry: bool,
    pub(super) show_ids: bool,

    // The unfinished event.
    /// Whether any value of it was copied.
    pub(super) has_kept: bool,
    pub(super) has_data: bool,
    pub(super) has_id: bool,
    pub(super) is_in_pieces: bool,

    // The unfinished line.
    pub(super) has_nul: bool,
    pub(super) comment_too_long: bool,
    /// The first bytes of the line, until its field is known.
    pub(super) start: [u8; LONGEST_START],
    /// Where in `data` the current comment or piece begins.
    pub(super) mark: usize,

    /// How many bytes of `data` were handed out as pieces.
    pub(super) cut_at: usize,
    /// The bits of all values that were copied: they tell whether these are ASCII.
    pub(super) bits: usize,

    pub(super) retry: Option<u64>,
    pub(super) retry_is_new: bool,
    pub(super) digits: Digits,
}

impl State {
    pub(super) const NEW: Self = Self {
        line: Line::Bom(0),
        after_cr: false,
        show_retry: false,
        show_ids: false,
        has_kept: false,
        has_data: false,
        has_id: false,
        is_in_pieces: false,
        has_nul: false,
        comment_too_long: false,
        start: [0; LONGEST_START],
        mark: 0,
        cut_at: 0,
        bits: 0,
        retry: None,
        retry_is_new: false,
        digits: Digits::NONE,
    };
}
