//! The search in the first bytes with vector instructions, in place. In long lines, `memchr2` is faster,
//! which finds out what the processor can do.

use wide::u8x32;

/// The position of the first LF or CR.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    let Some(last) = bytes.len().checked_sub(LANES) else {
        return super::line_end_by::<{ size_of::<usize>() }>(bytes);
    };
    let mut at = 0;
    while at < NEAR {
        let found = line_ends(*bytes.get(at..)?.first_chunk()?);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        if at == last {
            return None;
        }
        // The last group may overlap the one before.
        at = last.min(at + LANES);
    }
    Some(at + super::far_line_end::<{ size_of::<usize>() }>(bytes.get(at..)?)?)
}

const LANES: usize = 32;

/// So many bytes are searched before `memchr2` is called.
const NEAR: usize = 4 * LANES;

/// Sets bit `n` for a line end in byte `n`.
#[inline]
fn line_ends(bytes: [u8; LANES]) -> u32 {
    let bytes = u8x32::new(bytes);
    let is_lf = bytes.simd_eq(u8x32::splat(b'\n'));
    let is_cr = bytes.simd_eq(u8x32::splat(b'\r'));
    (is_lf | is_cr).to_bitmask()
}
