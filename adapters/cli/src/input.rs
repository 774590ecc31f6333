//! What the command line does not hold itself, but says where to read: files, and standard input.

use std::ffi::OsStr;
use std::io::BufRead;

use rolecall::{Environment, Error, Secret};
use zeroize::Zeroizing;

use crate::arguments::IdentityOptions;
use crate::failure::Failure;

/// The user's password, if it is not to be asked for: a line of standard input, or a variable.
pub(crate) fn password(
    options: &IdentityOptions,
    environment: &Environment,
) -> Result<Option<Secret>, Failure> {
    if !options.password_stdin {
        return Ok(environment.get("AWS_COGNITO_PASSWORD").map(Secret::new));
    }
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::Body("standard input".to_owned(), error))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        let nothing = Error::Configuration("--password-stdin: standard input has no password".to_owned());
        return Err(nothing.into());
    }
    Ok(Some(Secret::new(password.to_owned())))
}

/// What a file holds, as text.
pub(crate) fn text_of(path: &str, content: std::io::Result<Vec<u8>>) -> Result<String, Failure> {
    let content = content.map_err(|error| Failure::Body(path.to_owned(), error))?;
    String::from_utf8(content).map_err(|_| Error::Configuration(format!("{path}: not UTF-8")).into())
}

/// The body: `@FILE` names a file, everything else is the body itself.
pub(crate) fn content(body: &OsStr) -> Result<Vec<u8>, Failure> {
    let bytes = body.as_encoded_bytes();
    match body.to_str().and_then(|text| text.strip_prefix('@')) {
        Some(path) => std::fs::read(path).map_err(|error| Failure::Body(path.to_owned(), error)),
        None => Ok(bytes.to_vec()),
    }
}
