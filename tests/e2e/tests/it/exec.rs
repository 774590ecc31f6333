//! `rolecall exec`: what the command gets, what its end looks like, and when it is not run.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use e2e::command::{binary, borrowed, rolecall_reading};
use rolecall_simulator::{Config, Simulator};

const PATH: (&str, &str) = ("PATH", "/usr/bin:/bin");
const KEYS: [(&str, &str); 3] = [
    PATH,
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
];

/// Variables that lead to other credentials, or would be sent with these.
const STALE: [&str; 27] = [
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_EXPIRATION",
    "AWS_COGNITO_PASSWORD",
    "AWS_COGNITO_CLIENT_SECRET",
    "AWS_TOKEN",
    "AMAZON_SESSION_TOKEN",
    "EC2_SECURITY_TOKEN",
    "AWS_EB_PROFILE",
    "AWS_CREDENTIAL_FILE",
    "AWS_NO_SIGN_REQUEST",
    "AWS_SKIP_SIGNATURE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_BEARER_TOKEN_OTHER",
];

/// `rolecall exec` with these words, as a child of this process itself.
fn exec(words: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    command.arg("exec").args(words).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(words: &[&str], environment: &[(&str, &str)]) -> Output {
    exec(words, environment).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The environment that the command gets.
#[track_caller]
fn environment(options: &[&str], given: &[(&str, &str)]) -> HashMap<String, String> {
    let output = run(&[options, &["--", "env"]].concat(), given);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let pairs = text(&output.stdout).lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Asserts that nothing was run, and returns the one line of standard error.
#[track_caller]
fn not_run(output: &Output, code: i32) -> String {
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), ""), "{output:?}");
    let error = text(&output.stderr).to_owned();
    assert!(!error.contains("panicked") && !error.contains("wJalrXUtnFEMI"), "{error}");
    error
}

/// A configuration with a profile `other`.
fn config(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("exec-{name}.ini"));
    let other =
        "[profile other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = s\nregion = ap-south-1\n";
    std::fs::write(&path, other).expect("a file");
    path
}

#[test]
fn the_command_gets_the_credentials_and_the_region() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let variables = simulator.environment();
    let mut given = borrowed(&variables);
    given.push(PATH);
    let found = environment(&[], &given);
    assert!(found["AWS_ACCESS_KEY_ID"].starts_with("ASIA"), "{found:?}");
    assert!(!found["AWS_SECRET_ACCESS_KEY"].is_empty() && !found["AWS_SESSION_TOKEN"].is_empty());
    assert!(found["AWS_CREDENTIAL_EXPIRATION"].ends_with('Z'), "{found:?}");
    assert_eq!(found["AWS_ACCOUNT_ID"], "111122223333");
    assert_eq!(found["AWS_REGION"], simulator.region());
    assert_eq!(found["AWS_DEFAULT_REGION"], simulator.region());
    assert_eq!(found["ROLECALL_EXEC"], "1");

    let role = environment(&["--role-arn", simulator.role_arn()], &given);
    assert_eq!(role["AWS_ACCOUNT_ID"], "444455556666");
    let elsewhere = environment(&["--region", "eu-north-1"], &given);
    assert_eq!((&*elsewhere["AWS_REGION"], &*elsewhere["AWS_DEFAULT_REGION"]), ("eu-north-1", "eu-north-1"));

    // Without a setting, the region is that of the instance.
    given.retain(|(name, _)| *name != "AWS_REGION");
    assert_eq!(environment(&[], &given)["AWS_REGION"], simulator.region());
}

#[test]
fn the_credentials_are_those_that_a_program_signs_with() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let variables = simulator.environment();
    let mut given = borrowed(&variables);
    given.push(PATH);
    let inside = binary().to_str().expect("text");
    let output = run(&["--role-arn", simulator.role_arn(), "--", inside, "whoami"], &given);
    assert!(text(&output.stdout).contains("account: 444455556666\n"), "{output:?}");
}

#[test]
fn botocore_finds_the_credentials_and_the_region() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let variables = simulator.environment();
    let mut given = borrowed(&variables);
    // The command of another profile: it would end with an error if that one were still named.
    let config = config("botocore");
    given.extend([PATH, ("AWS_PROFILE", "other"), ("AWS_CONFIG_FILE", config.to_str().expect("text"))]);
    let script = "import botocore.session\n\
                  session = botocore.session.Session()\n\
                  found = session.get_credentials()\n\
                  print(found.method, found.access_key, session.get_config_variable('region'), session.profile)";
    let python = std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON");
    let output = run(&["--", &python, "-c", script], &given);
    let expected = format!("env AKIDOTHER {} None\n", simulator.region());
    assert_eq!(text(&output.stdout), expected, "{output:?}");
    given.retain(|(name, _)| *name != "AWS_PROFILE");
    // These have an end, which botocore reads, too.
    let output = run(&["--", &python, "-c", script], &given);
    assert!(text(&output.stdout).starts_with("env ASIA"), "{output:?}");
}

#[test]
fn nothing_stale_is_left() {
    let config = config("stale");
    let mut given = KEYS.to_vec();
    given.extend(STALE.iter().map(|name| (*name, "stale")));
    given.push(("AWS_CONFIG_FILE", config.to_str().expect("text")));
    given.push(("AWS_EC2_METADATA_DISABLED", "true"));
    given.push(("OTHER", "stays"));
    let found = environment(&["--profile", "other"], &given);
    for name in STALE {
        assert_eq!(found.get(name), None, "{name}");
    }
    assert_eq!(found["AWS_ACCESS_KEY_ID"], "AKIDOTHER");
    assert_eq!(found["AWS_SECRET_ACCESS_KEY"], "s");
    assert_eq!(found["AWS_REGION"], "ap-south-1");
    assert_eq!(found["OTHER"], "stays");

    // A region that is no text counts as none.
    let without = environment(
        &[],
        &[&KEYS[..], &[("AWS_REGION", " "), ("AWS_EC2_METADATA_DISABLED", "true")]].concat(),
    );
    assert_eq!((without.get("AWS_REGION"), without.get("AWS_DEFAULT_REGION")), (None, None));
}

#[test]
fn the_end_of_the_command_is_its_own() {
    let given = [&KEYS[..], &[("AWS_REGION", "eu-west-1")]].concat();
    let code = run(&["--", "sh", "-c", "exit 7"], &given);
    assert_eq!((code.status.code(), text(&code.stderr)), (Some(7), ""));
    let signal = run(&["--", "sh", "-c", "kill -TERM $$"], &given);
    assert_eq!(signal.status.signal(), Some(15), "{signal:?}");
    // A closed pipe ends it as it ends any command.
    let pipe = run(&["--", "sh", "-c", "kill -PIPE $$"], &given);
    assert_eq!(pipe.status.signal(), Some(13), "{pipe:?}");
}

#[test]
fn the_command_takes_the_place_of_the_process() {
    let given = [&KEYS[..], &[("AWS_REGION", "eu-west-1")]].concat();
    let child = exec(&["--", "sh", "-c", "echo $$"], &given).spawn().expect("the command starts");
    let id = child.id();
    let output = child.wait_with_output().expect("an end");
    assert_eq!(text(&output.stdout), format!("{id}\n"));
}

#[test]
fn words_and_standard_input_pass_unchanged() {
    let given = [&KEYS[..], &[("AWS_REGION", "eu-west-1")]].concat();
    let words = ["a b", "", "--profile", "-v", "--", "$HOME", "it's", "--help", "new\nline"];
    let output = run(&[&["--", "printf", "<%s>"], &words[..]].concat(), &given);
    assert_eq!(text(&output.stdout), words.map(|word| format!("<{word}>")).concat());

    let mut command = exec(&["--"], &given);
    let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe");
    command.args(["printf".as_ref(), "%s".as_ref(), odd] as [&std::ffi::OsStr; 3]);
    assert_eq!(command.output().expect("the command starts").stdout, b"\xff\xfe");

    let run = rolecall_reading(&["exec", "--", "cat"], given, "all\nof it");
    assert_eq!(run.ok(), "all\nof it");
}

#[test]
fn one_inside_another_has_to_name_an_identity() {
    let config = config("nested");
    let mut given = KEYS.to_vec();
    given.extend([("ROLECALL_EXEC", "1"), ("AWS_REGION", "eu-west-1")]);
    given.push(("AWS_CONFIG_FILE", config.to_str().expect("text")));
    for options in [&[][..], &["--region", "eu-north-1"]] {
        let error = not_run(&run(&[options, &["--", "echo", "run"]].concat(), &given), 2);
        for part in ["ROLECALL_EXEC", "--profile", "--role-arn", "unset"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    assert_eq!(environment(&["--profile", "other"], &given)["AWS_ACCESS_KEY_ID"], "AKIDOTHER");
    // An empty text is as good as none.
    given.push(("ROLECALL_EXEC", ""));
    assert_eq!(environment(&[], &given)["AWS_ACCESS_KEY_ID"], "AKIDEXAMPLE");
}

#[test]
fn a_role_may_be_assumed_inside_another() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let variables = simulator.environment();
    let mut given = borrowed(&variables);
    given.push(PATH);
    let inside = binary().to_str().expect("text");
    let words = ["--", inside, "exec", "--role-arn", simulator.role_arn(), "--", "env"];
    let output = run(&words, &given);
    assert!(text(&output.stdout).contains("AWS_ACCOUNT_ID=444455556666\n"), "{output:?}");
}

#[test]
fn a_command_that_does_not_run_is_named() {
    let given = [&KEYS[..], &[("AWS_REGION", "eu-west-1")]].concat();
    for program in ["no-such-command", "/no/such/command", ""] {
        let error = not_run(&run(&["--", program], &given), 127);
        assert!(error.contains(&format!("exec: {program:?}: not found")), "{error}");
    }
    let file = config("not-executable");
    for program in [file.to_str().expect("text"), "/"] {
        let error = not_run(&run(&["--", program], &given), 126);
        assert!(error.contains(&format!("exec: {program:?}: cannot be run")), "{error}");
    }
    let file = config("interpreter");
    std::fs::write(&file, "#!/no/such/interpreter\n").expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("it may be executed");
    let error = not_run(&run(&["--", file.to_str().expect("text")], &given), 127);
    assert!(error.contains("install the interpreter that its first line names"), "{error}");
}

#[test]
fn without_credentials_nothing_is_run() {
    let config = config("none");
    let given = [
        PATH,
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", config.to_str().expect("text")),
        ("AWS_REGION", "eu-west-1"),
    ];
    for options in [&[][..], &["--profile", "missing"]] {
        let error = not_run(&run(&[options, &["--", "echo", "run"]].concat(), &given), 1);
        let mut plain = Command::new(binary());
        plain.arg("credentials").args(options).env_clear().envs(given);
        assert_eq!(error, text(&plain.output().expect("the command starts").stderr));
    }
    // Nor with a region that cannot be one.
    let wrong = run(&["--profile", "other", "--region", "a/b", "--", "echo", "run"], &given);
    assert!(not_run(&wrong, 1).contains("--region"), "{wrong:?}");
}

#[test]
fn wrong_usage_has_an_example() {
    for words in [&[][..], &["--"], &["aws", "s3", "ls"], &["--region", "eu-west-1", "ls", "-l"]] {
        let error = not_run(&run(words, &KEYS), 2);
        assert!(error.contains("rolecall exec --profile build -- aws s3 ls"), "{words:?}: {error}");
        assert!(error.contains("rolecall exec --help"), "{words:?}: {error}");
    }
    let error = not_run(&run(&["--format", "env", "--", "ls"], &KEYS), 2);
    assert!(error.contains("exec has no option --format"), "{error}");
    let error = not_run(&run(&["--profile", "--", "ls"], &KEYS), 2);
    assert!(error.contains("--profile"), "{error}");
}
