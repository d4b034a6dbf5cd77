//! The grammar of header fields (RFC 9110, section 5).

use crate::bytes::is_one_of;

/// Whether the header describes the framing of the body. The crate writes these headers itself.
pub(super) fn is_framing(name: &str) -> bool {
    is_one_of(name, &["content-length", "transfer-encoding"])
}

/// A token (RFC 9110, section 5.6.2).
pub(super) fn is_token(name: &[u8]) -> bool {
    let is_valid = |byte: &u8| match byte {
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' => true,
        b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' => true,
        _ => byte.is_ascii_alphanumeric(),
    };
    !name.is_empty() && name.iter().all(is_valid)
}

/// A field value (RFC 9110, section 5.5): no control characters, and no white space at either end,
/// which a server would drop.
pub(crate) fn is_field_value(value: &str) -> bool {
    value.trim_ascii().len() == value.len() && value.as_bytes().iter().all(is_field_byte)
}

/// A byte that a field value may contain: no control characters except tab.
fn is_field_byte(byte: &u8) -> bool {
    *byte == b'\t' || !byte.is_ascii_control()
}
