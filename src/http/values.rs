//! The values of one header, and the members of lists.
//!
//! `next` is not inlined: one function for all headers is less code.

use super::head::Fields;

/// The values of a header.
pub(super) struct Values<'a, 'n> {
    pub(super) fields: Fields<'a>,
    pub(super) name: &'n str,
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        let has_name = |(name, _): &(&str, _)| name.eq_ignore_ascii_case(self.name);
        self.fields.find(has_name).map(|(_, value)| value)
    }
}

/// The members of comma-separated lists, without empty ones (RFC 9110, section 5.6.1). A comma in a
/// quoted string separates nothing. There, a backslash escapes a quote.
pub(super) struct Members<'a, 'n> {
    pub(super) lists: Values<'a, 'n>,
    /// The rest of the current list.
    pub(super) list: &'a [u8],
}

impl<'a> Iterator for Members<'a, '_> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if self.list.is_empty() {
                self.list = self.lists.next()?;
            }
            let mut quoted = false;
            let mut escaped = false;
            let comma = self.list.iter().position(|byte| {
                if !escaped {
                    quoted ^= *byte == b'"';
                }
                escaped = quoted && !escaped && *byte == b'\\';
                *byte == b',' && !quoted
            });
            let end = comma.unwrap_or(self.list.len());
            let (member, rest) = self.list.split_at_checked(end)?;
            self.list = rest.get(1..).unwrap_or_default();
            let member = member.trim_ascii();
            if !member.is_empty() {
                return Some(member);
            }
        }
    }
}
