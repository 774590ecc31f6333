//! Values of options.

use std::ffi::{OsStr, OsString};

use lexopt::{Error, Parser};

use super::catalog::{COMMANDS, RECIPES};

/// The value of an option. One that is an option itself is a value that was forgotten: it has to follow `=`.
pub(super) fn any(option: &str, parser: &mut Parser) -> Result<OsString, Error> {
    if let Some(value) = parser.optional_value() {
        return Ok(value);
    }
    let value = parser.value()?;
    if is_option(&value) {
        return Err(format!(
            "{option}: expected a value, found the option {value:?}; a value that begins so is given as \
             {option}=VALUE"
        )
        .into());
    }
    Ok(value)
}

/// The value of an option, as text.
pub(super) fn text(option: &str, parser: &mut Parser) -> Result<String, Error> {
    let value = any(option, parser)?;
    value.into_string().map_err(|value| format!("{option}: expected UTF-8, found {value:?}").into())
}

/// The value of an option, as a number of seconds.
pub(super) fn seconds(option: &str, parser: &mut Parser) -> Result<u32, Error> {
    let text = text(option, parser)?;
    let found = || format!("{option}: expected a whole number of seconds, found {text:?}");
    text.parse().map_err(|_| found().into())
}

/// The value of an option, as two texts with `=` between them. It is not shown in an error: it may be a secret.
pub(super) fn pair(option: &str, expected: &str, parser: &mut Parser) -> Result<(String, String), Error> {
    let text = text(option, parser)?;
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{option}: expected {expected}"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Whether a word is an option: it begins with two hyphens, or is one hyphen and the letter of an option.
fn is_option(word: &OsStr) -> bool {
    let short =
        |letter| COMMANDS.iter().chain(RECIPES).flat_map(|t| t.all()).any(|o| o.short() == Some(letter));
    match word.as_encoded_bytes() {
        [b'-', b'-', ..] => true,
        [b'-', letter] => short(char::from(*letter)),
        _ => false,
    }
}
