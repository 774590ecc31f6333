//! The variables of credentials as lines for a shell, each value quoted so that the shell takes it as it is.

use rolecall::Credentials;
use zeroize::Zeroizing;

use super::variables::variables;
use crate::arguments::Syntax;
use crate::failure::Failure;

/// One line for each variable.
pub(super) fn lines(credentials: &Credentials, syntax: Syntax) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let expiration = credentials.expiration().map(|time| time.rfc3339());
    let variables = variables(credentials, expiration.as_ref().map(|time| time.as_str()));
    write(&variables, syntax)
}

/// The same for variables of any kind, for a POSIX shell.
#[cfg(feature = "serve")]
pub(super) fn export(variables: &[(&str, Option<&str>)]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    write(variables, Syntax::Posix)
}

fn write(variables: &[(&str, Option<&str>)], syntax: Syntax) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // A character takes four bytes at most, and what is around a value 32: nothing grows, which would leave copies.
    let len =
        variables.iter().map(|(name, value)| name.len() + 4 * value.unwrap_or_default().len() + 32).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    for (name, value) in variables {
        match value {
            Some(value) => put(&mut out, syntax, name, value)?,
            None => out.extend_from_slice(unset(syntax, name).as_bytes()),
        }
    }
    Ok(out)
}

fn put(out: &mut Vec<u8>, syntax: Syntax, name: &str, value: &str) -> Result<(), Failure> {
    let (before, after) = match syntax {
        Syntax::Posix => (format!("export {name}='"), "'\n"),
        Syntax::Assignments if value.bytes().all(is_plain) => (format!("{name}="), "\n"),
        Syntax::Assignments => (format!("{name}='"), "'\n"),
        Syntax::Fish => (format!("set -gx {name} '"), "'\n"),
        Syntax::PowerShell => (format!("$Env:{name} = '"), "'\n"),
        Syntax::WindowsCmd => {
            check_for_cmd(name, value)?;
            (format!("set \"{name}="), "\"\n")
        }
    };
    out.extend_from_slice(before.as_bytes());
    for byte in value.bytes() {
        // Every other character is taken as it is between the quotes.
        match (syntax, byte) {
            (Syntax::Posix | Syntax::Assignments, b'\'') => out.extend_from_slice(b"'\\''"),
            (Syntax::Fish, b'\'' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            (Syntax::PowerShell, b'\'') => out.extend_from_slice(b"''"),
            _ => out.push(byte),
        }
    }
    out.extend_from_slice(after.as_bytes());
    Ok(())
}

/// The line that removes a variable. A file of assignments has none.
fn unset(syntax: Syntax, name: &str) -> String {
    match syntax {
        Syntax::Posix => format!("unset {name}\n"),
        Syntax::Assignments => String::new(),
        Syntax::Fish => format!("set -e {name}\n"),
        Syntax::PowerShell => format!("$Env:{name} = $null\n"),
        Syntax::WindowsCmd => format!("set \"{name}=\"\n"),
    }
}

/// Whether a character needs no quotes. Keys and tokens have no others, so that programs that take quotes as they are,
/// such as `docker run --env-file`, can read the lines, too.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=_-.:".contains(&byte)
}

/// Refuses what cmd.exe replaces within quotes, and what ends them: there is no way to write these that a prompt and a
/// script read alike.
fn check_for_cmd(name: &str, value: &str) -> Result<(), Failure> {
    if value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"%!".contains(&byte)) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "--format windows-cmd: {name}: expected visible ASCII without \", % and !, which cmd.exe changes; use --format \
         powershell, or rolecall exec"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = r#"a'b"c$d`e\f%g!h^i&j|k<l>m;n#o*p?q~r(s)t{u}v[w]x''\\"#;

    fn printed(secret: &str, syntax: Syntax) -> Result<String, String> {
        let credentials = Credentials::new("AKIDEXAMPLE", secret, None).expect("visible ASCII");
        let lines = lines(&credentials, syntax).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(lines.to_vec()).expect("text"))
    }

    /// The value between the quotes of the second line.
    fn quoted(syntax: Syntax, before: &str) -> String {
        let text = printed(ODD, syntax).expect("it can be written");
        let line = text.lines().nth(1).expect("a second line");
        line.strip_prefix(before).and_then(|rest| rest.strip_suffix('\'')).expect(line).to_owned()
    }

    #[test]
    fn powershell_reads_two_quotes_as_one() {
        let inner = quoted(Syntax::PowerShell, "$Env:AWS_SECRET_ACCESS_KEY = '");
        assert!(!inner.replace("''", "").contains('\''), "{inner}");
        assert_eq!(inner.replace("''", "'"), ODD);
    }

    #[test]
    fn fish_reads_what_follows_a_backslash() {
        let inner = quoted(Syntax::Fish, "set -gx AWS_SECRET_ACCESS_KEY '");
        let (mut read, mut chars) = (String::new(), inner.chars());
        while let Some(char) = chars.next() {
            match char {
                '\\' => read.push(chars.next().filter(|next| "\\'".contains(*next)).expect("an escape")),
                '\'' => panic!("the quotes end in {inner}"),
                _ => read.push(char),
            }
        }
        assert_eq!(read, ODD);
    }

    #[test]
    fn cmd_gets_no_value_that_it_would_change() {
        for odd in ["a\"b", "a%PATH%b", "a!b"] {
            let error = printed(odd, Syntax::WindowsCmd).expect_err(odd);
            assert!(error.contains("AWS_SECRET_ACCESS_KEY") && !error.contains(odd), "{error}");
        }
        let text = printed("a/b+c&d|e^f<g>h", Syntax::WindowsCmd).expect("quotes keep it");
        assert!(text.contains("set \"AWS_SECRET_ACCESS_KEY=a/b+c&d|e^f<g>h\"\n"), "{text}");
        assert!(text.contains("set \"AWS_SESSION_TOKEN=\"\n"), "{text}");
    }

    #[test]
    fn assignments_have_quotes_where_they_are_needed() {
        let text = printed("wJalr+XU/tn=", Syntax::Assignments).expect("it can be written");
        assert_eq!(text, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalr+XU/tn=\n");
        assert!(printed("a$b", Syntax::Assignments).is_ok_and(|text| text.contains("KEY='a$b'\n")));
    }
}
