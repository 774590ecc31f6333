//! Settings of instance metadata: where it is, how often and for how long it is asked.

use rolecall_core::flow::{Endpoint, Limits, RetryPolicy};
use rolecall_core::sources::{Imds, ImdsRegion};

use super::url::url_problem;
use super::{ImdsMode, Settings, Sources};
use crate::Error;

impl Sources<'_> {
    /// The time to connect, and to the first byte; an exchange may take twice as long.
    pub(super) fn imds_limits(&self) -> Result<Limits, Error> {
        let mut limits = Imds::LIMITS;
        let named = self.get("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout");
        if let Some((value, place)) = named {
            let milliseconds = milliseconds(value.trim()).ok_or_else(|| {
                let expected = "expected a number of seconds above zero, such as 5 or 0.5";
                self.invalid(place, &format!("{value:?}: {expected}"))
            })?;
            limits.connect_ms = milliseconds;
            limits.first_byte_ms = milliseconds;
            limits.total_ms = limits.total_ms.max(milliseconds.saturating_mul(2));
        }
        Ok(limits)
    }

    /// As many attempts as configured, and time for all of them.
    pub(super) fn imds_retries(&self) -> Result<RetryPolicy, Error> {
        let total_ms = self.imds_limits()?.total_ms;
        let named = self.get("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts");
        let Some((value, place)) = named else {
            let mut usual = RetryPolicy::DEFAULT;
            usual.budget_ms = usual.budget_ms.max(total_ms);
            return Ok(usual);
        };
        let digits = Some(value.trim()).filter(|text| {
            text.bytes().all(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte != b'0')
        });
        // More than there is time for in a day.
        let attempts = digits.map(|digits| digits.parse().unwrap_or(u16::MAX));
        let attempts = attempts
            .ok_or_else(|| self.invalid(place, &format!("{value:?}: expected a whole number above zero")))?;
        Ok(RetryPolicy::until_ready(attempts, total_ms))
    }

    pub(super) fn imds_mode(&self) -> Result<ImdsMode, Error> {
        let mode = self.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
        match mode {
            None => Ok(ImdsMode::Ipv4),
            Some((mode, _)) if mode.trim().eq_ignore_ascii_case("ipv4") => Ok(ImdsMode::Ipv4),
            Some((mode, _)) if mode.trim().eq_ignore_ascii_case("ipv6") => Ok(ImdsMode::Ipv6),
            Some((mode, place)) => Err(self.invalid(place, &format!("{mode:?} is neither IPv4 nor IPv6"))),
        }
    }
}

impl Settings {
    /// The URL of instance metadata.
    pub fn imds_url(&self) -> &str {
        match (&self.imds_endpoint, &self.imds_mode) {
            (Some(url), _) => url,
            (None, Ok(ImdsMode::Ipv6)) => Imds::ENDPOINT_IPV6,
            (None, _) => Imds::ENDPOINT,
        }
    }

    /// The setting that has the URL of instance metadata.
    pub(crate) fn imds_endpoint_setting(&self) -> &str {
        if self.imds_endpoint.is_some() { &self.imds_endpoint_setting } else { "built in" }
    }

    fn imds_endpoint(&self) -> Result<Endpoint<'_>, Error> {
        let url = self.imds_url();
        Endpoint::parse(url)
            .map_err(|error| Error::invalid(&self.imds_endpoint_setting, &url_problem(url, error)))
    }

    pub(crate) fn imds(&self) -> Result<Imds<'_>, Error> {
        let endpoint = self.imds_endpoint()?;
        if self.imds_disabled.clone()? {
            return Ok(Imds::disabled(endpoint));
        }
        self.imds_mode.clone()?;
        let (limits, retries) = (self.imds_limits.clone()?, self.imds_retries.clone()?);
        let flow = Imds::new(endpoint).with_limits(limits).with_retry_policy(retries);
        match &self.imds_role {
            None => Ok(flow),
            Some(role) => flow.with_role(role).map_err(|_| {
                let expected = "expected 1 to 64 letters, digits and _+=,.@-";
                Error::invalid(
                    &self.imds_role_setting,
                    &format!("{role:?} is not the name of a role: {expected}"),
                )
            }),
        }
    }

    /// The flow that gets the region of this instance.
    pub(crate) fn imds_region(&self) -> Result<ImdsRegion<'_>, Error> {
        if self.imds_disabled.clone()? {
            return Err(Error::Configuration("switched off by AWS_EC2_METADATA_DISABLED".to_owned()));
        }
        self.imds_mode.clone()?;
        let (limits, retries) = (self.imds_limits.clone()?, self.imds_retries.clone()?);
        Ok(ImdsRegion::new(self.imds_endpoint()?).with_limits(limits).with_retry_policy(retries))
    }
}

/// A decimal number of seconds above zero, in milliseconds; one is the least.
// Without floating point, whose parser would be a twentieth of the command.
fn milliseconds(seconds: &str) -> Option<u32> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let above_zero = [whole, fraction].iter().any(|part| part.bytes().any(|byte| byte != b'0'));
    if !digits(whole) || !digits(fraction) || !above_zero {
        return None;
    }
    // What does not fit is more than there is time for.
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u32>().unwrap_or(u32::MAX) };
    let thousandths =
        fraction.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
    Some(whole.saturating_mul(1000).saturating_add(thousandths).max(1))
}
