//! Known bugs for the control: each of them is put between the client and the checker.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    LosesAnEvent,
    DoublesAnEvent,
    SwapsTwoEvents,
    ChangesAnEvent,
    LosesAByte,
    SendsAnOldId,
    SendsAnUnknownId,
    SendsTheTokenToAnotherOrigin,
    WaitsTooShort,
    NeverBacksOff,
    IgnoresRetry,
    IgnoresRetryAfter,
    NeverNoticesSilence,
    GivesUp,
    ReportsALossTwice,
    HidesALoss,
    CallsAResetAnEnd,
    CallsACutAnEnd,
    StoresTheIdTooEarly,
}

impl Bug {
    pub const ALL: [Self; 19] = [
        Self::LosesAnEvent,
        Self::DoublesAnEvent,
        Self::SwapsTwoEvents,
        Self::ChangesAnEvent,
        Self::LosesAByte,
        Self::SendsAnOldId,
        Self::SendsAnUnknownId,
        Self::SendsTheTokenToAnotherOrigin,
        Self::WaitsTooShort,
        Self::NeverBacksOff,
        Self::IgnoresRetry,
        Self::IgnoresRetryAfter,
        Self::NeverNoticesSilence,
        Self::GivesUp,
        Self::ReportsALossTwice,
        Self::HidesALoss,
        Self::CallsAResetAnEnd,
        Self::CallsACutAnEnd,
        Self::StoresTheIdTooEarly,
    ];
}
