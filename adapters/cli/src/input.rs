//! What the command line does not hold itself, but says where to read: files, and standard input.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::time::Duration;

use rolecall::core::wire::json::{Token, member};
use rolecall::{Environment, Error, Secret};
use zeroize::Zeroizing;

use crate::arguments::IdentityOptions;
use crate::failure::Failure;
use crate::files::{Bounds, read};
use crate::output::shown;

/// The user's password, if it is not to be asked for: a line of standard input, or a variable.
pub(crate) fn password(
    options: &IdentityOptions,
    environment: &Environment,
) -> Result<Option<Secret>, Failure> {
    if !options.password_stdin {
        return Ok(environment.get("AWS_COGNITO_PASSWORD").map(Secret::new));
    }
    let line = first_line_in_time().map_err(|error| Failure::Input("standard input".to_owned(), error))?;
    let problem = match std::str::from_utf8(&line) {
        Ok("") => "standard input has no password",
        Ok(password) => return Ok(Some(Secret::new(password.to_owned()))),
        Err(_) => "not UTF-8",
    };
    Err(Error::Configuration(format!("--password-stdin: {problem}")).into())
}

/// The longest password, in bytes: four times what Cognito permits.
const MAX_PASSWORD: usize = 4 * 256;

/// How long a password may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The first line, within [`PATIENCE`]. The thread that reads may be left behind.
fn first_line_in_time() -> std::io::Result<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new().spawn(move || sender.send(first_line()))?;
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

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

/// What the file at `path` holds, as text; `option` named it.
pub(crate) fn text_of(option: &str, path: &OsStr) -> Result<String, Failure> {
    let mut content = read_for(option, path, Bounds::TEXT)?;
    // The memory itself is handed on, without a copy.
    String::from_utf8(std::mem::take(&mut *content)).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Error::Configuration(format!("{option} {}: expected UTF-8", path.display())).into()
    })
}

/// The policy of a session: JSON, or of `@FILE` the JSON in that file. STS refuses another text as malformed, without
/// saying where.
pub(crate) fn session_policy(option: &str, given: &OsStr) -> Result<String, Failure> {
    let policy = text_or_file(option, given)?;
    let problem = match member(policy.as_bytes(), "Statement") {
        Ok(Some(Token::ObjectStart | Token::ArrayStart)) => return Ok(policy),
        Ok(_) => "it has none".to_owned(),
        Err(error) => format!("it is not a JSON object, {error}"),
    };
    let expected = "expected a policy, a JSON object with \"Statement\", or @FILE with one";
    Err(Failure::Usage(format!("{option} {}: {expected}; {problem}", shown(&given.to_string_lossy()))))
}

#[cfg(feature = "verify")]
/// A secret: of `@FILE` the first line of that file, else the value of the variable of that name.
pub(crate) fn secret(option: &str, given: &OsStr) -> Result<Zeroizing<String>, Failure> {
    let text = match file_of(given) {
        Some(path) => Zeroizing::new(text_of(option, path)?),
        None => {
            // What is no name may be the secret itself.
            if !is_variable(given) {
                let expected =
                    "expected the name of a variable, or @FILE; a secret is not taken from the command line";
                return Err(Failure::Usage(format!("{option}: {expected}")));
            }
            let missing = || {
                Failure::Usage(format!("{option}: there is no variable {}", shown(&given.to_string_lossy())))
            };
            Zeroizing::new(std::env::var(given).map_err(|_| missing())?)
        }
    };
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_owned())),
        _ => Err(Failure::Usage(format!("{option} {}: it is empty", given.display()))),
    }
}

/// Whether a text is the name of a variable, and shorter than a secret.
#[cfg(feature = "verify")]
fn is_variable(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.len() < 40 && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

#[cfg(feature = "verify")]
/// All of standard input, within the limits of a body.
pub(crate) fn standard() -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    let failed = |error| Failure::Input("standard input".to_owned(), error);
    std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut all).map_err(failed)?;
    if all.len() as u64 > MAX_INPUT {
        let problem = format!("expected at most {MAX_INPUT} bytes, and it has more");
        return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidData, problem)));
    }
    Ok(all)
}

#[cfg(feature = "verify")]
/// The longest request that is verified, in bytes.
const MAX_INPUT: u64 = 256 << 20;

/// A text, or of `@FILE` the text in that file.
pub(crate) fn text_or_file(option: &str, given: &OsStr) -> Result<String, Failure> {
    match (file_of(given), given.to_str()) {
        (Some(path), _) => text_of(option, path),
        (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => {
            Err(Error::Configuration(format!("{option}: expected UTF-8, found {given:?}")).into())
        }
    }
}

/// The body: `@FILE` names a file, everything else is the body itself.
pub(crate) fn body(given: &OsStr) -> Result<Vec<u8>, Failure> {
    match file_of(given) {
        Some(path) => Ok(std::mem::take(&mut *read_for("--data", path, Bounds::BODY)?)),
        None => Ok(given.as_encoded_bytes().to_vec()),
    }
}

fn read_for(option: &str, path: &OsStr, bounds: Bounds) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read(path, bounds).map_err(|error| Failure::Input(format!("{option} {}", path.display()), error))
}

/// The file that `@FILE` names, whose name need not be UTF-8.
#[cfg(unix)]
pub(crate) fn file_of(given: &OsStr) -> Option<&OsStr> {
    use std::os::unix::ffi::OsStrExt;
    given.as_bytes().strip_prefix(b"@").map(OsStr::from_bytes)
}

#[cfg(not(unix))]
pub(crate) fn file_of(given: &OsStr) -> Option<&OsStr> {
    given.to_str()?.strip_prefix('@').map(OsStr::new)
}
