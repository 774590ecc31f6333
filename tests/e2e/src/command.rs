//! The `rolecall` command as a child process with a clean environment.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// What it cost; see [`rolecall_weighed`].
    weight: Option<Weight>,
}

#[derive(Debug, Clone, Copy)]
struct Weight {
    peak: u64,
    cpu: Duration,
}

impl Run {
    /// The peak of its resident memory, in bytes.
    #[track_caller]
    pub fn peak(&self) -> u64 {
        self.weight.expect("it was weighed").peak
    }

    /// The time of a processor that it took, in user and kernel mode.
    #[track_caller]
    pub fn cpu(&self) -> Duration {
        self.weight.expect("it was weighed").cpu
    }

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

/// Runs the command as [`rolecall()`] does, with its exact memory and processor time however soon it ends: GNU `time` asks
/// the system for them.
pub fn rolecall_weighed<'a>(
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
) -> Run {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let number = RUNS.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("rolecall-weight-{}-{number}", std::process::id()));
    let inner = alone();
    let mut command = Command::new("/usr/bin/time");
    command.args(["--quiet", "--format", "%M %U %S", "--output"]).arg(&file);
    command.arg(inner.get_program()).args(inner.get_args()).args(arguments);
    let mut run = run_to_end(command, environment, None);
    let written =
        std::fs::read_to_string(&file).expect("GNU time (the package `time`) writes what it was asked for");
    std::fs::remove_file(&file).expect("the file is removed");
    let numbers: Vec<f64> =
        written.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    let [kilobytes, user, system] = numbers[..] else { panic!("three numbers: {written}") };
    assert!(kilobytes > 0.0, "{run:#?}");
    run.weight = Some(Weight { peak: kilobytes as u64 * 1024, cpu: Duration::from_secs_f64(user + system) });
    run
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
    let status = child.wait().expect("a child");
    let took = start.elapsed();
    let (stdout, stderr) = (reader.join().expect("a reader"), errors.join().expect("a reader"));
    Run { code: status.code(), stdout, stderr, took, weight: None }
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
