//! Splits a command line into words as a shell does, without any expansion.

/// A quote that is not closed, or a backslash at the end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfinished;

/// Splits `line` at white space. `'...'` is literal, in `"..."` a backslash escapes `"`, `\` and `$`,
/// elsewhere any character. On Windows a backslash is literal.
pub(crate) fn split(line: &str) -> Result<Vec<String>, Unfinished> {
    split_for(line, cfg!(windows))
}

fn split_for(line: &str, windows: bool) -> Result<Vec<String>, Unfinished> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' if !windows => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(Unfinished)? {
                        '\'' => break,
                        char => word.push(char),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(Unfinished)? {
                        '"' => break,
                        '\\' if !windows => match chars.next().ok_or(Unfinished)? {
                            char @ ('"' | '\\' | '$' | '`') => word.push(char),
                            char => word.extend(['\\', char]),
                        },
                        char => word.push(char),
                    }
                }
            }
            '\\' if !windows => {
                let char = chars.next().ok_or(Unfinished)?;
                word.get_or_insert_default().push(char);
            }
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_and_escapes_are_split() {
        let table: [(&str, &[&str]); 8] = [
            ("", &[]),
            ("  a  b\tc ", &["a", "b", "c"]),
            ("'a b' c''d", &["a b", "cd"]),
            (r#""a \"b\" \$c \d" ''"#, &[r#"a "b" $c \d"#, ""]),
            (r"a\ b \'", &["a b", "'"]),
            ("$(rm -rf x) | y; z > w", &["$(rm", "-rf", "x)", "|", "y;", "z", ">", "w"]),
            (r#"pre"in side"post"#, &["prein sidepost"]),
            ("'\\'", &["\\"]),
        ];
        for (line, words) in table {
            assert_eq!(split_for(line, false).unwrap(), words, "{line}");
        }
        for line in ["'a", "\"a", "a\\", "\"\\"] {
            assert_eq!(split_for(line, false), Err(Unfinished), "{line}");
        }
        let path = r#""C:\Program Files\get.exe" --as 'x'"#;
        assert_eq!(split_for(path, true).unwrap(), [r"C:\Program Files\get.exe", "--as", "'x'"]);
    }
}
