//! Why there are credentials, or why there are none.

use std::fmt;

use rolecall_core::wire::json::Writer;
use rolecall_core::wire::time::UnixTime;

use super::in_use::InUse;
use crate::clock::{RELEASED, off_by};
use crate::driver::TOLERANCE;
use crate::fetch::Fetched;
use crate::fetch::chain::{chain, left_out};
use crate::finding::{Finding, Outcome};
use crate::sink::Sink;
use crate::{Credentials, Error, Provider};

/// The name of the finding about the identity.
const IDENTITY: &str = "caller identity";

impl Finding {
    fn of_credentials(source: &str, credentials: &Credentials, stale: bool) -> Self {
        let end = credentials
            .expiration()
            .map_or("without an end".to_owned(), |expiration| format!("until {}", expiration.rfc3339()));
        let end = if stale { "expired, and used until the service has others".to_owned() } else { end };
        let reason = format!("access key id {}, {end}", credentials.access_key_id());
        Self { source: source.to_owned(), outcome: Outcome::Used, reason, advice: String::new() }
    }
}

/// The result of [`Provider::explain`], in the order in which sources are asked.
#[derive(Debug, Clone)]
pub struct Explanation {
    findings: Vec<Finding>,
    in_use: Vec<InUse>,
}

impl Explanation {
    /// One finding for each source, then one for the identity of the credentials, and one for the clock if it
    /// is wrong.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The region, files, endpoints, proxy, certificates and time that the provider uses, and where each is from.
    pub fn in_use(&self) -> &[InUse] {
        &self.in_use
    }

    /// Whether a source returned credentials.
    pub fn has_credentials(&self) -> bool {
        self.findings.iter().any(|finding| finding.outcome == Outcome::Used)
    }

    /// Whether STS said which identity the credentials belong to: they work.
    pub fn has_identity(&self) -> bool {
        let named = |finding: &Finding| finding.source == IDENTITY && finding.outcome == Outcome::Used;
        self.findings.iter().any(named)
    }

    /// One JSON document: `{"credentials":true,"findings":[{"source","outcome","reason","advice"}],
    /// "in_use":[{"name","value","from"}]}`.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let mut sink = Sink(&mut text);
        let mut json = Writer::new(&mut sink);
        json.begin_object();
        json.key("credentials");
        json.bool(self.has_credentials());
        json.key("findings");
        json.begin_array();
        for finding in &self.findings {
            put_object(
                &mut json,
                &[
                    ("source", &finding.source),
                    ("outcome", finding.outcome.as_str()),
                    ("reason", &finding.reason),
                    ("advice", &finding.advice),
                ],
            );
        }
        json.end_array();
        json.key("in_use");
        json.begin_array();
        for setting in &self.in_use {
            put_object(
                &mut json,
                &[("name", &setting.name), ("value", &setting.value), ("from", &setting.from)],
            );
        }
        json.end_array();
        json.end_object();
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn put_object(json: &mut Writer<'_, Sink<'_>>, members: &[(&str, &str)]) {
    json.begin_object();
    for (name, value) in members {
        json.key(name);
        json.string(value);
    }
    json.end_object();
}

/// Prints a line for each finding, and below it what to do, if there is something to do; then a line for each setting
/// in use.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{:<13} {}: {}", finding.outcome.as_str(), finding.source, finding.reason)?;
            if !finding.advice.is_empty() {
                write!(f, "\n{:<13} -> {}", "", finding.advice)?;
            }
        }
        for setting in &self.in_use {
            write!(f, "\n{:<13} {}: {} ({})", "in use", setting.name, setting.value, setting.from)?;
        }
        Ok(())
    }
}

/// Adds the finding of the only source, and returns its credentials.
fn found(findings: &mut Vec<Finding>, source: &str, fetched: Result<Fetched, Error>) -> Option<Credentials> {
    findings.push(match &fetched {
        Ok((credentials, lease)) => Finding::of_credentials(source, credentials, lease.stale),
        Err(error) => error.finding(source),
    });
    fetched.ok().map(|(credentials, _)| credentials)
}

impl Provider {
    /// Asks every source of the chain, also those after the one that is used, then the sessions on top, and
    /// then STS for the identity. The requests are real: commands are run and codes are asked for. Nothing is
    /// kept.
    pub fn explain(&self) -> Explanation {
        let mut findings = Vec::new();
        let credentials = self.walk(&mut findings);
        if let Some(credentials) = credentials {
            findings.push(self.explain_identity(&credentials));
        }
        findings.extend(self.explain_clock());
        let in_use = self.in_use();
        Explanation { findings, in_use }
    }

    /// The credentials that this provider would use.
    fn walk(&self, findings: &mut Vec<Finding>) -> Option<Credentials> {
        if let Some((base, session)) = self.on_top() {
            let source = session.name();
            let Some(base) = base else {
                return found(findings, &source, self.fetcher().unsigned(session));
            };
            let Some(base) = base.walk(findings) else {
                let reason = "there are no credentials to assume it with".to_owned();
                findings.push(Finding { source, outcome: Outcome::Skipped, reason, advice: String::new() });
                return None;
            };
            // The session that follows reports it.
            return match self.fetcher().session(session, &base) {
                Ok((credentials, lease)) => {
                    findings.push(Finding::of_credentials(&source, &credentials, lease.stale));
                    Some(credentials)
                }
                Err(error) => {
                    for finding in findings.iter_mut().filter(|finding| finding.outcome == Outcome::Used) {
                        finding.outcome = Outcome::Skipped;
                        finding.reason.push_str("; assuming the role with it fails");
                    }
                    findings.push(error.finding(&source));
                    None
                }
            };
        }
        if let Some(source) = self.own() {
            return found(findings, source.name(), self.fetch_own(source));
        }
        let mut decided: Option<String> = None;
        let mut used = None;
        for place in left_out(self.settings()) {
            let source = place.name(self.settings());
            let reason = format!("not used, because profile {} is named", self.settings().profile_name);
            findings.push(Finding { source, outcome: Outcome::Skipped, reason, advice: String::new() });
        }
        for &place in chain(self.settings()) {
            let name = place.name(self.settings());
            let mut finding = match self.fetcher().fetch(place) {
                Ok((credentials, lease)) => {
                    let finding = Finding::of_credentials(&name, &credentials, lease.stale);
                    if decided.is_none() {
                        used = Some(credentials);
                    }
                    finding
                }
                Err(error) => Finding::of_place(place, self.settings(), &error),
            };
            match (&decided, finding.outcome) {
                (None, Outcome::Absent | Outcome::Skipped) => {}
                (None, _) => decided = Some(name),
                (Some(before), Outcome::Used) => {
                    finding.outcome = Outcome::Skipped;
                    finding.reason = format!("{before} takes precedence; it has {}", finding.reason);
                }
                (Some(_), _) => {}
            }
            findings.push(finding);
        }
        used
    }

    fn explain_identity(&self, credentials: &Credentials) -> Finding {
        let source = IDENTITY;
        match self.fetcher().identity(credentials) {
            Ok(identity) => Finding {
                source: source.to_owned(),
                outcome: Outcome::Used,
                reason: format!("{} in account {}", identity.arn, identity.account),
                advice: String::new(),
            },
            Err(error) => error.finding(source),
        }
    }

    fn explain_clock(&self) -> Option<Finding> {
        let behind = self.clock_skew();
        let wall = self.host().now().wall.unwrap_or(UnixTime::EPOCH);
        let (reason, until_then) = if wall < RELEASED {
            let reason = format!("this machine's clock was never set: it is {}", wall.rfc3339().as_str());
            (reason, "certificates are verified at the time that instance metadata has, if there is any")
        } else if behind.unsigned_abs() > TOLERANCE {
            let reason = format!("this machine's clock is {}", off_by(behind));
            (reason, "requests are signed by the service's clock after a first refusal")
        } else {
            return None;
        };
        Some(Finding {
            source: "clock".to_owned(),
            outcome: Outcome::Misconfigured,
            reason,
            advice: format!("set it (NTP); until then, {until_then}"),
        })
    }
}
