//! What the command line does not hold itself, but says where to read: files, and standard input.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;

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
    let line = first_line().map_err(|error| Failure::Body("standard input".to_owned(), error))?;
    let problem = match std::str::from_utf8(&line) {
        Ok("") => "standard input has no password",
        Ok(password) => return Ok(Some(Secret::new(password.to_owned()))),
        Err(_) => "not UTF-8",
    };
    Err(Error::Configuration(format!("--password-stdin: {problem}")).into())
}

/// The longest password, in bytes: four times what Cognito permits.
const MAX_PASSWORD: usize = 4 * 256;

/// The first line of standard input, without its end. It is read byte by byte, so that no buffer keeps a password.
fn first_line() -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut input = unbuffered()?;
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD));
    let mut byte = Zeroizing::new([0]);
    while input.read(byte.as_mut_slice())? > 0 && byte[0] != b'\n' {
        if line.len() == line.capacity() {
            let problem = format!("the line is longer than {MAX_PASSWORD} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, problem));
        }
        line.push(byte[0]);
    }
    while line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

/// Standard input as a file, without the buffer of the standard library.
#[cfg(unix)]
fn unbuffered() -> std::io::Result<File> {
    use std::os::fd::AsFd;
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn unbuffered() -> std::io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(std::io::stdin().as_handle().try_clone_to_owned()?.into())
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
