//! This machine as a [`Host`].

mod command;
#[cfg(unix)]
mod replace;
mod terminal;
mod words;

use std::fmt;
use std::net::IpAddr;

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Endpoint, Exchange};
use rolecall_core::skew::{Instant, Now};

use crate::files::{failed, read_file};
use crate::host::{Buffer, Host, Streams};
use crate::http::bundle::Bundle;
use crate::http::transport::Transport;
use crate::{Settings, clock};

/// This machine: its network, files, processes, terminal and clocks.
pub struct System {
    transport: Transport,
}

/// How long resolving a name may take, in milliseconds.
const RESOLVE_LIMIT: u32 = 2_000;

impl System {
    /// Uses the proxies and trusted certificates of `settings`. No connection is opened and no certificate
    /// read before it is needed.
    pub fn new(settings: &Settings) -> Self {
        let setting = settings.ca_bundle_setting.clone();
        let bundle = settings.ca_bundle.clone().map(|path| Bundle { setting, path });
        Self { transport: Transport::new(settings.proxies.clone(), bundle) }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("System")
    }
}

impl Host for System {
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        self.transport.carry_out(exchange, &mut buffer.0, streams)
    }

    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    fn exchange_as(
        &self,
        identity: &crate::Identity,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        self.transport.presenting(identity, &exchange.endpoint).carry_out(exchange, &mut buffer.0, streams)
    }

    /// A file that cannot be looked at is reported when it is read. Pipes are of one process.
    #[cfg(unix)]
    fn is_shared(&self, path: &str) -> bool {
        use std::os::unix::fs::PermissionsExt;
        let found = std::fs::metadata(path);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        read_file(path, buffer)
    }

    #[cfg(unix)]
    fn lock_file(&self, path: &str) -> Result<Box<dyn Send>, Failure> {
        replace::lock(path)
    }

    #[cfg(unix)]
    fn replace_file(&self, path: &str, content: &[u8]) -> Result<(), Failure> {
        replace::replace(path, content)
    }

    #[cfg(unix)]
    fn remove_file(&self, path: &str) -> Result<(), Failure> {
        replace::remove(path)
    }

    fn run(&self, command: &str, variables: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure> {
        command::run(command, variables, buffer)
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        self.transport.resolve(host, RESOLVE_LIMIT)
    }

    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        terminal::prompt(question, hidden, buffer)
    }

    fn now(&self) -> Now {
        clock::now()
    }

    fn monotonic(&self) -> Instant {
        clock::monotonic()
    }

    fn sleep_until(&self, instant: Instant) {
        clock::sleep_until(instant);
    }

    fn entropy(&self) -> u32 {
        clock::entropy()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        getrandom::getrandom(bytes).map_err(|_| failed(Phase::Prompt, FailureKind::Unsupported))
    }

    fn proxy(&self, endpoint: &Endpoint<'_>) -> Option<String> {
        self.transport.proxy(endpoint)
    }

    fn hint(&self) -> Option<String> {
        self.transport.hint()
    }

    #[cfg(feature = "tls")]
    fn warning(&self) -> Option<String> {
        self.transport.warning()
    }

    fn trouble(&self) -> Option<String> {
        self.transport.misconfigured()
    }
}
