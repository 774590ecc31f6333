//! Options of `rolecall serve`.

use std::ffi::OsString;
use std::net::SocketAddr;

use lexopt::Parser;

use super::value;
use crate::output::shown;

/// How credentials are served, and for whom.
#[derive(Debug, Default)]
pub(crate) struct ServeOptions {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) on_network: bool,
    pub(crate) is_imds: bool,
    pub(crate) token_file: Option<String>,
    /// A program to run, and its arguments.
    pub(crate) program: Option<(OsString, Vec<OsString>)>,
}

impl ServeOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "listen" => self.listen = Some(address(&text()?)?),
            "listen-on-network" => self.on_network = true,
            "mode" => self.is_imds = is_imds(&text()?)?,
            "token-file" => self.token_file = Some(text()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks that the options go together.
    pub(super) fn check(&self) -> Result<(), lexopt::Error> {
        if self.is_imds && self.token_file.is_some() {
            return Err(
                "--token-file goes with --mode container: instance metadata gives a token to everybody"
                    .into(),
            );
        }
        if self.token_file.is_some() && !cfg!(unix) {
            return Err(
                "--token-file: on this system there is no file that is made for one user alone; leave it out"
                    .into(),
            );
        }
        Ok(())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "--listen: expected an address and a port, such as 127.0.0.1:8080, [::1]:8080 or 127.0.0.1:0 for a free \
             port, found {}",
            shown(text)
        )
    })
}

fn is_imds(mode: &str) -> Result<bool, String> {
    match mode {
        "container" => Ok(false),
        "imds" => Ok(true),
        _ => Err(format!("--mode: expected container or imds, found {}", shown(mode))),
    }
}
