//! `rolecall generate`: completions, asked for as a shell does, and the manual page.

use std::process::{Command, Stdio};

use e2e::command::rolecall;

fn generated(kind: &str) -> String {
    rolecall(&["generate", kind], [("PATH", "/usr/bin:/bin")]).ok().to_owned()
}

/// What bash offers for the last of these words.
fn completed(script: &str, words: &[&str]) -> Vec<String> {
    let all = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let ask = format!(
        "{script}\nCOMP_WORDS=(rolecall {all})\nCOMP_CWORD={}\n_rolecall\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.len()
    );
    let output = Command::new("bash").args(["-c", &ask]).stdin(Stdio::null()).output().expect("bash");
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = generated("bash");
    for (words, wanted) in [
        (&["cr"][..], &["credentials"][..]),
        (&["credentials", "--form"], &["--format"]),
        (&["credentials", "--format", "env"], &["env", "env-no-export"]),
        (&["serve", "--mode", ""], &["container", "imds"]),
        (&["setup", "ec"], &["ec2-role", "ecs-role"]),
        (&["setup", "ec2-role", "--instance"], &["--instance-id"]),
        (&["token", "r"], &["rds"]),
        (&["help", "wh"], &["whoami"]),
        (&["generate", "f"], &["fish"]),
        // A value is no command.
        (&["--profile", "setup", "requ"], &["request"]),
        (&["request", "--profile", ""], &[]),
        (&["no-such", "--"], &[]),
    ] {
        assert_eq!(completed(&script, words), wanted, "{words:?}");
    }
    // A file, and the commands of the system.
    assert!(completed(&script, &["request", "-T", "/etc/pass"]).contains(&"/etc/passwd".to_owned()));
    assert!(completed(&script, &["exec", "--", "ls"]).contains(&"ls".to_owned()));
    let file = std::env::temp_dir().join(format!("rolecall generated {}", std::process::id()));
    std::fs::write(&file, "").expect("a file");
    let found = completed(
        &script,
        &["request", "-T", file.to_str().expect("text").split_once(' ').expect("a space").0],
    );
    std::fs::remove_file(&file).expect("the file exists");
    assert!(found.contains(&file.to_str().expect("text").to_owned()), "{found:?}");
}

/// What zsh offers, asked through a terminal of its own.
#[test]
fn zsh_completes_options_of_a_command() {
    let script = "zmodload zsh/zpty; zpty z zsh -f -i
        zpty -w z \"PS1='> '; autoload -U compinit; compinit -u -D; source $1; compdef _rolecall rolecall; zstyle ':completion:*' insert-tab false\"
        sleep 1; zpty -w -n z $'rolecall verify --sec\\t'; sleep 1; zpty -w -n z $' x --no-such; rolecall credentials --format wind\\t'; sleep 1
        zpty -r -t z out '*windows*'; print -r -- $out; zpty -d z";
    let file = std::env::temp_dir().join(format!("rolecall-zsh-{}", std::process::id()));
    std::fs::write(&file, generated("zsh").replace("_rolecall \"$@\"\n", "")).expect("a file");
    let output =
        Command::new("zsh").args(["-f", "-c", script, "zsh"]).arg(&file).stdin(Stdio::null()).output();
    std::fs::remove_file(&file).expect("the file exists");
    let Ok(output) = output else {
        assert!(std::env::var_os("CI").is_none(), "CI is set, and zsh is not installed");
        return eprintln!("NOTICE: zsh is not installed, and its completions are not asked for");
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("--secret-from") && text.contains("--format windows"), "{output:?}");
}

/// Every command and option is in each of them.
#[test]
fn each_shell_and_the_manual_have_every_option() {
    let overview = rolecall(&["--help"], [("PATH", "/usr/bin:/bin")]).ok().to_owned();
    let commands: Vec<&str> = overview
        .lines()
        .skip_while(|line| !line.starts_with("  credentials"))
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() > 12, "{commands:?}");
    for kind in ["bash", "zsh", "fish", "powershell", "man"] {
        let text = generated(kind);
        let plain = text.replace("\\-", "-");
        for command in &commands {
            assert!(plain.contains(command), "{kind}: {command}");
        }
        for option in ["role-arn", "upload-file", "secret-from", "listen-on-network", "image"] {
            assert!(plain.contains(option), "{kind}: {option}");
        }
    }
    let unknown = rolecall(&["generate", "tcsh"], [("PATH", "/usr/bin:/bin")]);
    assert!(
        unknown.code == Some(2) && unknown.stderr.contains("bash, zsh, fish, powershell, man"),
        "{unknown:#?}"
    );
}

/// Where the readers are installed, they find no fault.
#[test]
fn what_is_generated_is_well_formed() {
    for (kind, program, arguments) in [
        ("bash", "bash", &["-n"][..]),
        ("zsh", "zsh", &["-n"]),
        ("fish", "fish", &["--no-execute"]),
        ("man", "groff", &["-man", "-Tutf8", "-ww", "-z"]),
    ] {
        let file = std::env::temp_dir().join(format!("rolecall-generated-{kind}-{}", std::process::id()));
        std::fs::write(&file, generated(kind)).expect("a file");
        let output = Command::new(program).args(arguments).arg(&file).output();
        std::fs::remove_file(&file).expect("the file exists");
        match output {
            Ok(output) => {
                assert!(output.status.success() && output.stderr.is_empty(), "{kind}: {output:?}");
            }
            Err(error) => {
                assert!(
                    std::env::var_os("CI").is_none(),
                    "CI is set, and {program} is not installed: {error}"
                );
                eprintln!("NOTICE: {program} is not installed ({error}), {kind} is not checked by it");
            }
        }
    }
}
