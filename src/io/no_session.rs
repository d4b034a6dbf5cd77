//! The reasons why there is no session.

use core::fmt;

use crate::step::{Step, Stop, Wait};

/// Why [`Session::open`](super::Session::open) returned no session. It shows what to do next:
///
/// ```
/// use embedded_sse::io::{Clock, NoSession};
/// use embedded_sse::Stop;
///
/// /// Waits as long as necessary before the next `Session::open`.
/// async fn pause(why: NoSession, clock: &impl Clock) -> Result<(), Stop> {
///     println!("{why}");
///     match why {
///         NoSession::Redirect => {}
///         NoSession::Wait(wait) => clock.sleep_until(wait.until).await,
///         NoSession::Stop(stop) => return Err(stop),
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NoSession {
    /// The response was a redirect. Call `open` again at once. The source remembers the target.
    Redirect,
    /// The connection was lost. Call `open` again at [`Wait::until`].
    Wait(Wait),
    /// The source stopped. There will be no further session.
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

/// The reason why there is no session.
pub(super) fn no_session(step: Step<'_>) -> NoSession {
    let why = match step {
        Step::Wait(wait) => NoSession::Wait(wait),
        Step::Stop(stop) => NoSession::Stop(stop),
        Step::Connect { .. } | Step::Write { .. } | Step::Read { .. } => NoSession::Redirect,
    };
    #[cfg(feature = "defmt")]
    match why {
        NoSession::Redirect => defmt::debug!("event stream: redirected"),
        NoSession::Wait(wait) => defmt::warn!("event stream lost: {}", wait),
        NoSession::Stop(stop) => defmt::warn!("event source stopped: {}", stop),
    }
    why
}
