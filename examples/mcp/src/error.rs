//! Errors.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// Why something failed. The server's text is in it as it came: use [`printable`](crate::printable) before
/// you print it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server does not know the session any more (404).
    SessionExpired,
    /// The server's response is an error object of JSON-RPC.
    Response(Value),
    /// The server refused the request.
    Refused {
        /// The status code.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The server was silent for this long while the request waited for its response.
    TimedOut(Duration),
    /// The connection failed, or the server sent something unexpected.
    Failed(String),
}

impl Error {
    pub(crate) fn failed(problem: impl fmt::Display) -> Self {
        Self::Failed(problem.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionExpired => f.write_str("the session has expired"),
            Self::Response(error) => write!(f, "{} ({})", error["message"], error["code"]),
            Self::Refused { status, body } => write!(f, "status {status}: {body}"),
            Self::TimedOut(time) => write!(f, "the server was silent for {time:?}"),
            Self::Failed(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for Error {}
