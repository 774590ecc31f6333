//! The meaning of services' error codes for a caller: the one list of them.

use crate::wire::scan::is_one_of;

/// The meaning of an error code for the request that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeClass {
    /// Too many requests: it was not executed, and may be sent again a little later.
    Throttled,
    /// The credentials are expired or unknown: others may be accepted.
    CredentialsEnded,
    /// The same call may be accepted a little later.
    Passing,
    /// Anything else.
    Other,
}

const THROTTLED: &str = "Throttling ThrottlingException ThrottledException RequestLimitExceeded \
                         TooManyRequestsException SlowDown RequestThrottled RequestThrottledException \
                         EC2ThrottledException ProvisionedThroughputExceededException";
const ENDED: &str = "ExpiredToken ExpiredTokenException InvalidToken";
const PASSING: &str = "IDPCommunicationError RequestExpired";

impl CodeClass {
    /// The class of `code`, as [`Report::code`](crate::flow::Report::code) has it.
    ///
    /// ```
    /// use rolecall_core::error::CodeClass;
    /// assert_eq!(CodeClass::of("SlowDown"), CodeClass::Throttled);
    /// assert_eq!(CodeClass::of("ExpiredToken"), CodeClass::CredentialsEnded);
    /// assert_eq!(CodeClass::of("AccessDenied"), CodeClass::Other);
    /// ```
    pub fn of(code: &str) -> Self {
        if is_one_of(THROTTLED, code) {
            Self::Throttled
        } else if is_one_of(ENDED, code) {
            Self::CredentialsEnded
        } else if is_one_of(PASSING, code) {
            Self::Passing
        } else {
            Self::Other
        }
    }
}
