//! Why a session does not open.

use core::fmt;

use crate::step::{Stop, Wait};

/// Why there is no session now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NoSession {
    /// The response was a redirect. Open again, at once: the source knows where.
    Redirect,
    /// The connection is lost. Open again when [`Wait::until`] has come.
    Wait(Wait),
    /// There will be none.
    Stop(Stop),
}

impl fmt::Display for NoSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect => f.write_str("redirected"),
            Self::Wait(wait) => wait.fmt(f),
            Self::Stop(stop) => stop.fmt(f),
        }
    }
}

impl core::error::Error for NoSession {}
