//! The formats of `rolecall credentials`, read by what they are for: shells, boto3, and the command itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::command::{binary, rolecall};

/// All that is special in a shell, of what a secret may have.
const ODD: &str = r##"a'b"c$d`e\f%g!h^i&j|k<l>m;n#o*p?q~r(s)t{u}v[w]x''\\"##;

/// The environment of the command: keys, and nothing that would be asked.
fn given(secret: &str) -> Vec<(&'static str, String)> {
    let folder = binary().parent().expect("a folder").display();
    vec![
        ("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin")),
        // fish wants one.
        ("HOME", env!("CARGO_TARGET_TMPDIR").to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ("AWS_CONFIG_FILE", "/nowhere".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere".to_owned()),
    ]
}

/// Whether there is such a shell; a notice says so if not.
fn has(shell: &str) -> bool {
    let mut command = Command::new(shell);
    command.arg("--version").env_clear().envs(given("s"));
    let found = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("NOTICE: {shell} is not installed, and does not read its format here");
    }
    found
}

/// What a script in a shell prints; the token of the shell is left over from other credentials.
#[track_caller]
fn shell(words: &[&str], script: &str, secret: &str) -> String {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(script).env_clear().envs(given(secret)).stdin(Stdio::null());
    let output = command.output().expect("a shell");
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn posix_shells_take_every_value_as_it_is() {
    for name in ["sh", "bash", "dash", "zsh", "ksh"]
        .into_iter()
        .filter(|name| matches!(*name, "sh" | "bash") || has(name))
    {
        // What is evaluated is in a variable first: the keys are then removed, and come from it alone.
        let script = "lines=$(rolecall credentials --format FORMAT) && unset AWS_SECRET_ACCESS_KEY && \
                      AWS_SESSION_TOKEN=old && eval \"$lines\" && \
                      printf '%s %s' \"$AWS_SECRET_ACCESS_KEY\" \"${AWS_SESSION_TOKEN-unset}\"";
        for secret in [ODD, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=", "'", "\\", "$(exit)", "-n"] {
            let env = shell(&[name, "-c"], &script.replace("FORMAT", "env"), secret);
            assert_eq!(env, format!("{secret} unset"), "{name}");
            let plain = shell(&[name, "-c"], &script.replace("FORMAT", "env-no-export"), secret);
            assert_eq!(plain, format!("{secret} old"), "{name}");
        }
        let exported = script.replace("FORMAT", "env").replace("printf", "env; printf");
        assert!(shell(&[name, "-c"], &exported, "s").contains("\nAWS_SECRET_ACCESS_KEY=s\n"), "{name}");
    }
}

#[test]
fn fish_takes_every_value_as_it_is() {
    // Without it, the tests of the command parse the format.
    if !has("fish") {
        return;
    }
    let script = "set lines (rolecall credentials --format fish); set -gx AWS_SESSION_TOKEN old; \
                  set -e AWS_SECRET_ACCESS_KEY; string join \\n $lines | source; \
                  env | string match -r '^AWS_SECRET_ACCESS_KEY=.*'; set -q AWS_SESSION_TOKEN; or echo unset";
    for secret in [ODD, "'", "\\", "\\'", "$HOME"] {
        let read = shell(&["fish", "--no-config", "-c"], script, secret);
        assert_eq!(read, format!("AWS_SECRET_ACCESS_KEY={secret}\nunset\n"));
    }
}

#[test]
fn powershell_takes_every_value_as_it_is() {
    // Without it, the tests of the command parse the format.
    if !has("pwsh") {
        return;
    }
    let script = "$lines = rolecall credentials --format powershell | Out-String; $Env:AWS_SESSION_TOKEN = 'old'; \
                  $Env:AWS_SECRET_ACCESS_KEY = $null; Invoke-Expression $lines; \
                  \"$Env:AWS_SECRET_ACCESS_KEY $(Test-Path Env:AWS_SESSION_TOKEN)\"";
    for secret in [ODD, "'", "$Env:PATH"] {
        let read = shell(&["pwsh", "-NoProfile", "-Command"], script, secret);
        assert_eq!(read.trim_end(), format!("{secret} False"));
    }
}

#[test]
fn cmd_gets_what_it_reads_or_an_error() {
    let run = rolecall(&["credentials", "--format", "windows-cmd"], given("a/b+c"));
    assert!(
        run.ok().contains("set \"AWS_SECRET_ACCESS_KEY=a/b+c\"\nset \"AWS_SESSION_TOKEN=\"\n"),
        "{run:#?}"
    );
    let odd = rolecall(&["credentials", "--format", "windows-cmd"], given(ODD));
    assert_eq!((odd.code, odd.stdout.as_str()), (Some(2), ""), "{odd:#?}");
    assert!(odd.stderr.contains("--format powershell") && !odd.stderr.contains(ODD), "{odd:#?}");
}

/// A file of the tests with this text.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("formats-{name}"));
    std::fs::write(&path, text).expect("a file");
    path
}

/// The credentials of a profile, as botocore reads them from these files.
#[track_caller]
fn botocore(config: &Path, credentials: &Path, profile: &str) -> Vec<String> {
    let script = "import sys, botocore.session\n\
                  found = botocore.session.Session(profile=sys.argv[1]).get_credentials()\n\
                  print(found.access_key, found.secret_key, found.token, sep='\\n')";
    let python = std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON");
    let mut command = Command::new(python);
    command.args(["-c", script, profile]).env_clear().env("PATH", "/usr/bin:/bin");
    command.env("AWS_CONFIG_FILE", config).env("AWS_SHARED_CREDENTIALS_FILE", credentials);
    let output = command.output().expect("Python");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn botocore_and_the_command_read_the_section() {
    for (number, secret) in [ODD, "\"quoted\"", "'s'", "=", "%(x)s", "a#b;c"].into_iter().enumerate() {
        let keys = format!(
            "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {secret}\naws_session_token = t=\n"
        );
        let source = file("source.ini", &format!("[profile build/1]\n{keys}"));
        let variables = [("AWS_CONFIG_FILE", source.to_str().expect("text"))];
        let run =
            rolecall(&["credentials", "--profile", "build/1", "--format", "aws-credentials"], variables);
        assert_eq!(run.ok(), format!("[build/1]\n{keys}"));
        let section = file(&format!("section-{number}"), run.ok());
        let none = Path::new("/nowhere");
        assert_eq!(botocore(none, &section, "build/1"), ["AKIDEXAMPLE", secret, "t="]);
        let variables = [("AWS_SHARED_CREDENTIALS_FILE", section.to_str().expect("text"))];
        let again =
            rolecall(&["credentials", "--profile", "build/1", "--format", "aws-credentials"], variables);
        assert_eq!(again.ok(), run.ok());
    }
}

#[test]
fn the_section_is_named_after_the_profile_or_refused() {
    let section = |given: &[(&'static str, String)]| {
        rolecall(&["credentials", "--format=aws-credentials"], given.iter().cloned())
    };
    assert!(section(&given("s")).ok().starts_with("[default]\naws_access_key_id = AKIDEXAMPLE\n"));
    for name in ["a]b", "two words", "ü", "[x"] {
        let keys = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n";
        let config = file("named.ini", &format!("[profile {name}]\n{keys}\n[default]\n{keys}"));
        let named = [("AWS_CONFIG_FILE", config.display().to_string()), ("AWS_PROFILE", name.to_owned())];
        let run = section(&named);
        assert!(run.code != Some(0) && run.stdout.is_empty(), "{name}: {run:#?}");
    }
    for secret in ["#s", ";s"] {
        let run = section(&given(secret));
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.stderr.contains("aws_secret_access_key") && !run.stderr.contains(secret), "{run:#?}");
    }
}

#[test]
fn botocore_reads_the_document_of_a_process() {
    let command = binary().display();
    let config = file(
        "process.ini",
        &format!(
            "[profile keys]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {ODD}\naws_session_token = t\n\
             [profile process]\ncredential_process = {command} credentials --profile keys --format process\n"
        ),
    );
    assert_eq!(botocore(&config, Path::new("/nowhere"), "process"), ["AKIDEXAMPLE", ODD, "t"]);
}
