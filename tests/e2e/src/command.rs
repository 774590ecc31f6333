//! The `rolecall` command as a child process with a clean environment.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` if a signal terminated the process.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The elapsed time.
    pub took: Duration,
    /// Peak resident memory in bytes, sampled every two milliseconds at first and every ten later; 0 without
    /// `/proc`.
    pub peak: u64,
    /// Processor time, sampled at the same intervals, in steps of ten milliseconds.
    pub cpu: Duration,
}

impl Run {
    /// Asserts that the run succeeded, and returns standard output.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        &self.stdout
    }

    /// Asserts that the run failed properly: exit code 1, one error line on standard error, nothing on
    /// standard output, and no panic. Returns standard error.
    #[track_caller]
    pub fn failed(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:#?}");
        &self.stderr
    }

    /// Asserts that provisioning failed without a panic, and returns the error after the reported calls.
    #[track_caller]
    pub fn failed_midway(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self.stderr.lines().last().expect("an error")
    }

    /// The operations that provisioning reported: the fourth word of `Cognito user pool CreateUserPool
    /// PoolName=x`, the second of `IAM GetRole RoleName=x`; a dry run says what it does with each.
    pub fn calls(&self) -> Vec<&str> {
        let named = |word: &&str| word.starts_with(|first: char| first.is_ascii_uppercase());
        let lines = self.stderr.lines().map(|line| {
            let dry = ["reading: ", "would call: "].iter().find_map(|words| line.strip_prefix(words));
            dry.unwrap_or(line)
        });
        lines.filter(named).filter_map(|line| line.split(' ').skip(1).find(named)).collect()
    }
}

/// Variables as a command takes them, to which others can be added.
pub fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Runs the command with these arguments, and only these environment variables.
pub fn rolecall<'a>(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
) -> Run {
    run(arguments, environment, None)
}

/// Runs the command as [`rolecall()`] does, with `input` as standard input.
pub fn rolecall_reading<'a>(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
    input: &str,
) -> Run {
    run(arguments, environment, Some(input))
}

fn run<'a>(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
    input: Option<&str>,
) -> Run {
    let mut command = alone();
    command.args(arguments);
    run_to_end(command, environment, input)
}

/// The command, without the terminal of the tests, at which it would ask.
fn alone() -> Command {
    if std::fs::File::open("/dev/tty").is_err() {
        return Command::new(binary());
    }
    let mut command = Command::new("setsid");
    command.arg(binary());
    command
}

/// Runs the command in a pseudo-terminal (`tests/lib/terminal.py`) and types these answers; standard
/// output is the content of the terminal.
pub fn rolecall_at_terminal<'a>(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
    answers: &[&str],
) -> Run {
    let mut command = terminal(answers);
    command.arg(binary()).args(arguments);
    run_to_end(command, environment, None)
}

/// Runs a shell script as [`rolecall_at_terminal`] does, for which `rolecall` is in the path.
pub fn shell_at_terminal<'a>(
    script: &str,
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
    answers: &[&str],
) -> Run {
    let mut command = terminal(answers);
    let folder = binary().parent().expect("a folder").display();
    command.args(["/usr/bin/env", &format!("PATH={folder}:/usr/bin:/bin"), "sh", "-c", script]);
    run_to_end(command, environment, None)
}

/// The pseudo-terminal, before the words of a command.
fn terminal(answers: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/terminal.py"));
    command.args(answers).arg("--");
    command
}

fn run_to_end<'a>(
    mut command: Command,
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
    input: Option<&str>,
) -> Run {
    command.env_clear();
    for (name, value) in environment {
        command.env(name, value.as_ref());
    }
    let start = Instant::now();
    let mut child = command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    if let Some(input) = input {
        // Dropped, and thereby closed, immediately: further reads return the end of the input. A command that fails
        // need not read it.
        let written = child.stdin.take().expect("piped").write_all(input.as_bytes());
        assert!(written.is_ok() || written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe));
    }
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let reader = std::thread::spawn(move || std::io::read_to_string(&mut out).expect("text"));
    let errors = std::thread::spawn(move || std::io::read_to_string(&mut err).expect("text"));
    let (mut peak, mut cpu) = (0, Duration::ZERO);
    let status = loop {
        peak = peak.max(high_water(child.id()));
        cpu = cpu.max(processor_time(child.id()));
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        let pause = if start.elapsed() < Duration::from_millis(200) { 2 } else { 10 };
        std::thread::sleep(Duration::from_millis(pause));
    };
    let took = start.elapsed();
    let (stdout, stderr) = (reader.join().expect("a reader"), errors.join().expect("a reader"));
    Run { code: status.code(), stdout, stderr, took, peak, cpu }
}

/// The peak memory of the process, as it reports it itself. The system's figure would include this test
/// process, whose image and name the child has until it executes the command.
fn high_water(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
    if !value("Name:").is_some_and(|name| matches!(name, "rolecall" | "python3")) {
        return 0;
    }
    let kilobytes = value("VmHWM:").and_then(|text| text.strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The processor time of all threads of the process, in user and kernel mode.
fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the name in parentheses; the 14th and 15th are the times in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
    Duration::from_millis(fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// The path of the command, which is built once.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "rolecall-cli"]);
        cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        // Cargo's variables about this test would make ring's build script run again.
        for (name, _) in std::env::vars_os() {
            let about = name.to_string_lossy();
            if about.starts_with("CARGO_PKG_") || about.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        assert!(cargo.status().expect("cargo").success(), "the command does not build");
        // This test executable is in TARGET/debug/deps.
        let test = std::env::current_exe().expect("this test's path");
        test.ancestors().nth(2).expect("the target folder").join("rolecall")
    })
}
