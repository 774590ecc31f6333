//! A `credential_process` may ask the user at the terminal, and ends with what started it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::command::{binary, rolecall_at_terminal};

/// A configuration whose process is a shell script.
fn config(name: &str, script: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (path, config) =
        (folder.join(format!("process-{name}.sh")), folder.join(format!("process-{name}.ini")));
    std::fs::write(&path, script).expect("a script");
    std::fs::write(&config, format!("[default]\ncredential_process = sh {}\n", path.display()))
        .expect("a file");
    config
}

#[test]
fn a_process_asks_at_the_terminal_with_echo_and_without() {
    let document =
        r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s","SessionToken":"'"$code"'"}"#;
    let asks = "printf 'MFA code: ' > /dev/tty\nread code < /dev/tty\n";
    let quiet =
        "stty -echo < /dev/tty\nprintf 'MFA code: ' > /dev/tty\nread code < /dev/tty\nstty echo < /dev/tty\n";
    for (name, ask) in [("asks", asks), ("quiet", quiet)] {
        let config = config(name, &format!("{ask}echo '{document}'\n"));
        let variables = [("AWS_CONFIG_FILE", config.to_str().expect("text")), ("PATH", "/usr/bin:/bin")];
        let run = rolecall_at_terminal(&["credentials"], variables, &["123456"]);
        assert!(run.ok().contains("\"SessionToken\":\"123456\""), "{name}: {run:#?}");
        assert!(run.took < Duration::from_secs(10), "{name}: {run:#?}");
    }
}

/// Signals that a terminal, a shell or `timeout` sends to the process group.
#[test]
fn a_signal_to_the_process_group_ends_the_process_too() {
    for signal in ["INT", "TERM", "HUP"] {
        let mark = std::env::temp_dir().join(format!("rolecall-process-{signal}-{}", std::process::id()));
        let config = config(signal, &format!("echo $$ > {}\nexec sleep 50\n", mark.display()));
        let mut command = Command::new(binary());
        command.arg("credentials").env_clear().env("PATH", "/usr/bin:/bin").env("AWS_CONFIG_FILE", &config);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
        let started = wait_for(|| std::fs::read_to_string(&mark).ok().filter(|text| text.ends_with('\n')));
        let process = started.expect("the process starts");
        let group = format!("-{}", child.id());
        assert!(Command::new("kill").args(["-s", signal, "--", &group]).status().expect("kill").success());
        child.wait().expect("a child");
        let gone = wait_for(|| (!is_running(process.trim())).then_some(()));
        std::fs::remove_file(&mark).expect("removed");
        assert!(gone.is_some(), "{signal}: the process lives on");
    }
}

/// A process that has ended is left to its new parent as a zombie for a moment.
fn is_running(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| state != "Z")
}

fn wait_for<T>(found: impl Fn() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        if let Some(found) = found() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
