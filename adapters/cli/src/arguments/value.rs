//! Values of options.

use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;

use lexopt::{Error, Parser};

use super::catalog::{COMMANDS, RECIPES};
use crate::output::shown;

/// The value of an option, which is not empty.
pub(super) fn any(option: &str, parser: &mut Parser) -> Result<OsString, Error> {
    let value = even_empty(option, parser)?;
    if value.as_encoded_bytes().trim_ascii().is_empty() {
        return Err(format!(
            "{option}: expected a value, found an empty text; leave the option out, or give one"
        )
        .into());
    }
    Ok(value)
}

/// The value of an option. One that is an option itself is a value that was forgotten: it has to follow `=`.
fn even_empty(option: &str, parser: &mut Parser) -> Result<OsString, Error> {
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

/// The value of an option, as text that is not empty.
pub(super) fn text(option: &str, parser: &mut Parser) -> Result<String, Error> {
    as_text(option, any(option, parser)?)
}

/// The value of an option, as text that may be empty.
#[cfg(feature = "setup")]
pub(super) fn maybe_empty(option: &str, parser: &mut Parser) -> Result<String, Error> {
    as_text(option, even_empty(option, parser)?)
}

fn as_text(option: &str, value: OsString) -> Result<String, Error> {
    value.into_string().map_err(|value| format!("{option}: expected UTF-8, found {value:?}").into())
}

/// The value of an option, as a number of seconds in a range.
pub(super) fn seconds(option: &str, range: RangeInclusive<u32>, parser: &mut Parser) -> Result<u32, Error> {
    whole_seconds(option, range, &text(option, parser)?)
}

/// The number of seconds that a text is, in a range.
pub(super) fn whole_seconds(option: &str, range: RangeInclusive<u32>, text: &str) -> Result<u32, Error> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = range.into_inner();
    number.ok_or_else(|| {
        let found = shown(text);
        format!("{option}: expected a whole number of seconds from {least} to {most}, found {found}").into()
    })
}

/// The value of an option, as a number of bytes.
#[cfg(feature = "upload")]
pub(super) fn bytes(option: &str, parser: &mut Parser) -> Result<u64, Error> {
    let text = text(option, parser)?;
    let number = text.parse().ok().filter(|number| *number <= 5 << 40);
    number.ok_or_else(|| {
        let found = shown(&text);
        format!("{option}: expected a whole number of bytes, up to 5 TiB, found {found}").into()
    })
}

/// The value of an option, as a number of attempts after the first.
#[cfg(feature = "upload")]
pub(super) fn retries(option: &str, parser: &mut Parser) -> Result<u8, Error> {
    let text = text(option, parser)?;
    let number = text.parse().ok().filter(|number| *number <= 20);
    number.ok_or_else(|| {
        format!("{option}: expected a whole number from 0 to 20, found {}", shown(&text)).into()
    })
}

/// The value of an option, as two texts with `=` between them, of which the first is not empty.
pub(super) fn pair(option: &str, expected: &str, parser: &mut Parser) -> Result<(String, String), Error> {
    let text = text(option, parser)?;
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{option}: expected {expected}, found {}", shown(&text)).into()),
    }
}

/// The value of an option, as [`pair`] with a secret behind the `=`: what is found is counted and not shown.
pub(super) fn secret_pair(
    option: &str,
    expected: &str,
    parser: &mut Parser,
) -> Result<(String, String), Error> {
    let text = text(option, parser)?;
    let problem = match text.split_once('=') {
        None => format!("{} characters without =", text.chars().count()),
        Some((key, _)) if key.trim().is_empty() => "nothing before the =".to_owned(),
        Some((key, value)) if value.trim().is_empty() => format!("nothing behind {}=", shown(key)),
        Some((key, value)) => return Ok((key.to_owned(), value.to_owned())),
    };
    Err(format!("{option}: expected {expected}, found {problem}").into())
}

/// The value of an option, as the six digits that a multi-factor device shows. They are not in an error.
pub(super) fn code(option: &str, parser: &mut Parser) -> Result<String, Error> {
    let text = text(option, parser)?;
    let problem = match text.chars().count() {
        6 if text.bytes().all(|byte| byte.is_ascii_digit()) => return Ok(text),
        6 => "6 characters, not all of them digits".to_owned(),
        count => format!("{count} characters"),
    };
    Err(format!("{option}: expected the six digits that the device shows, found {problem}").into())
}

/// A line of a header: its name, and its value. What follows the first word is not shown: it may be a secret.
pub(super) fn header(option: &str, parser: &mut Parser) -> Result<(String, String), Error> {
    let line = text(option, parser)?;
    match line.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        Some(_) => Err(format!("{option}: expected NAME:VALUE, found no name before the colon").into()),
        None => {
            let word = line.trim_start().split([' ', '\t', '=']).next().unwrap_or_default();
            let more = if word.len() < line.trim().len() { " and more" } else { "" };
            Err(format!("{option}: expected NAME:VALUE, found {}{more}, without a colon", shown(word)).into())
        }
    }
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
