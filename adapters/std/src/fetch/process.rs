//! Commands of profiles, and a guard against one that leads back to itself.

use rolecall_core::sigv4::sha256_hex;
use rolecall_core::sources::Process;

use super::{Fetched, Fetcher};
use crate::Error;
use crate::settings::PROCESSES;

/// Commands that may start each other. Each is a process that waits for the next.
const MAX_DEPTH: usize = 8;

impl Fetcher<'_> {
    /// Runs the `credential_process` of a profile.
    ///
    /// The command inherits the environment, so that `rolecall credentials` in it resolves the profile in
    /// `AWS_PROFILE` once more. It gets a list of the commands under way in a variable, and refuses to start one of
    /// them again.
    pub(super) fn process(&self, profile: &str, command: &str) -> Result<Fetched, Error> {
        // A hash, because a command line may hold a secret.
        let hash = sha256_hex(format!("{profile}\n{command}").as_bytes());
        let own = hash.as_str().get(..16).unwrap_or_default();
        let under_way = || self.settings.processes.split(',').filter(|known| !known.is_empty());
        if under_way().any(|known| known == own) {
            return Err(Error::Configuration(format!(
                "credential_process of profile {profile} leads back to itself: its command asks for the same profile \
                 again, through AWS_PROFILE or the default profile; name another profile in the command (--profile)"
            )));
        }
        if under_way().count() >= MAX_DEPTH {
            return Err(Error::Configuration(format!(
                "credential_process of profile {profile}: {MAX_DEPTH} commands have started one another; make the \
                 chain shorter"
            )));
        }
        let list = under_way().chain([own]).collect::<Vec<_>>().join(",");
        let variables = [(PROCESSES, list.as_str())];
        let fetched = Fetcher { variables: &variables, ..*self }.credentials(&mut Process::new(command));
        fetched.map_err(|error| {
            let mut error = error.of_expired(|| {
                "the command has to print credentials that have not ended; run it by hand, and renew what it keeps"
                    .to_owned()
            });
            if let (Error::Source { detail, .. }, Some(mark)) = (&mut error, mark_of_shell(command))
                && detail.advice.is_empty()
            {
                detail.advice = format!(
                    "the command is run without a shell, so that {mark} is an argument: write credential_process = sh -c \
                     'COMMAND', or put it into a script"
                );
            }
            error
        })
    }
}

/// What a shell would act on, outside of quotes: a pipe, a redirection, a variable, a home folder.
fn mark_of_shell(command: &str) -> Option<&str> {
    let mut quoted = None;
    for (at, byte) in command.bytes().enumerate() {
        match (quoted, byte) {
            (None, b'\'' | b'"') => quoted = Some(byte),
            (Some(open), _) if open == byte => quoted = None,
            (None, b'|' | b'>' | b'<' | b';' | b'&' | b'`' | b'*') => return command.get(at..=at),
            (None | Some(b'"'), b'$') => return command.get(at..=at),
            (None, b'~') if at == 0 || command.as_bytes().get(at - 1) == Some(&b' ') => {
                return command.get(at..=at);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::mark_of_shell;

    #[test]
    fn what_a_shell_would_act_on_is_found() {
        for (command, mark) in [
            ("get-keys | jq .Credentials", "|"),
            ("get-keys 2>/dev/null", ">"),
            ("a && b", "&"),
            ("a; b", ";"),
            ("get --token $TOKEN", "$"),
            ("get --token \"$TOKEN\"", "$"),
            ("~/bin/get", "~"),
            ("get `whoami`", "`"),
        ] {
            assert_eq!(mark_of_shell(command), Some(mark), "{command}");
        }
        for command in ["get-keys --as me", "sh -c 'get | jq .'", "/opt/a~b/get", "get \"a; b\"", ""] {
            assert_eq!(mark_of_shell(command), None, "{command}");
        }
    }
}
