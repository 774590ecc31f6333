//! A `credential_process` that leads back to its own profile ends after one level, with an error that names the loop.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use e2e::command::{Run, binary, rolecall};

/// A folder with `rolecall`, which counts how often it is started and gives up at the twelfth time.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("process-loop-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let (count, real) = (folder.join("count"), binary());
        let script = format!(
            "#!/bin/sh\necho x >> {count}\n[ \"$(wc -l < {count})\" -ge 12 ] && exit 7\nexec {real} \"$@\"\n",
            count = count.display(),
            real = real.display()
        );
        std::fs::write(folder.join("rolecall"), script).expect("a script");
        std::fs::set_permissions(folder.join("rolecall"), PermissionsExt::from_mode(0o755))
            .expect("executable");
        Self(folder)
    }

    fn run(&self, config: &str, arguments: &[&str], more: &[(&str, &str)]) -> Run {
        let file = self.0.join("config");
        std::fs::write(&file, config).expect("a file");
        let path = format!("{}:/usr/bin:/bin", self.0.display());
        let mut variables = vec![
            ("AWS_CONFIG_FILE", file.to_str().expect("text")),
            ("PATH", &path),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        variables.extend(more);
        rolecall(arguments, variables)
    }

    /// How often a `credential_process` has started the command.
    fn starts(&self) -> usize {
        std::fs::read_to_string(self.0.join("count")).unwrap_or_default().lines().count()
    }
}

const INSTANCE: &str = "[profile instance]\ncredential_process = rolecall credentials\n";

#[test]
fn a_process_that_leads_back_to_its_profile_is_started_once() {
    let itself = "[profile instance]\ncredential_process = rolecall credentials --profile instance\n";
    let default = "[default]\ncredential_process = rolecall credentials\n";
    let below_a_role = format!(
        "[profile top]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = instance\n{INSTANCE}"
    );
    let through_another = "[profile instance]\ncredential_process = sh -c 'rolecall credentials'\n";
    let variable = |name| vec![("AWS_PROFILE", name)];
    for (name, config, arguments, variables) in [
        ("variable", INSTANCE, &["credentials"][..], variable("instance")),
        ("default", default, &["credentials"], vec![]),
        ("role", &below_a_role, &["credentials"], variable("top")),
        ("option", itself, &["credentials", "--profile", "instance"], vec![]),
        ("shell", through_another, &["credentials"], variable("instance")),
        ("whoami", INSTANCE, &["whoami"], variable("instance")),
    ] {
        let folder = Folder::new(name);
        let run = folder.run(config, arguments, &variables);
        assert_eq!(run.code, Some(1), "{name}: {run:#?}");
        assert!(run.stderr.contains("leads back to itself"), "{name}: {run:#?}");
        assert!(run.stderr.contains("profile instance") || name == "default", "{name}: {run:#?}");
        assert_eq!(folder.starts(), 1, "{name}: {run:#?}");
    }
}

#[test]
fn explain_names_the_loop() {
    let folder = Folder::new("explain");
    let run = folder.run(INSTANCE, &["explain"], &[("AWS_PROFILE", "instance")]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("leads back to itself"), "{run:#?}");
    assert_eq!(folder.starts(), 1);
}

/// Two profiles whose commands lead to each other.
#[test]
fn a_loop_of_two_profiles_ends_where_it_closes() {
    let config = "[profile a]\ncredential_process = rolecall credentials --profile b\n\
                  [profile b]\ncredential_process = rolecall credentials --profile a\n";
    let folder = Folder::new("two");
    let run = folder.run(config, &["credentials", "--profile", "a"], &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("profile a leads back to itself"), "{run:#?}");
    assert_eq!(folder.starts(), 2);
}

#[test]
fn a_long_chain_of_profiles_is_refused_and_a_short_one_works() {
    let chain = |length: usize| {
        let link = |index: usize| {
            format!(
                "[profile p{index}]\ncredential_process = rolecall credentials --profile p{}\n",
                index + 1
            )
        };
        let links: String = (0..length).map(link).collect();
        let keys =
            format!("[profile p{length}]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n");
        links + &keys
    };
    let folder = Folder::new("short");
    let run = folder.run(&chain(3), &["credentials", "--profile", "p0"], &[]);
    assert!(run.ok().contains("AKIDEXAMPLE"), "{run:#?}");
    assert_eq!(folder.starts(), 3);

    let folder = Folder::new("long");
    let run = folder.run(&chain(10), &["credentials", "--profile", "p0"], &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("commands have started one another"), "{run:#?}");
    assert_eq!(folder.starts(), 8);
}

/// The same file by `--profile` alone: the command has no profile, and goes on down the chain.
#[test]
fn a_process_without_the_profile_in_its_environment_is_no_loop() {
    let folder = Folder::new("no-loop");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let run = folder.run(INSTANCE, &["credentials", "--profile", "instance"], &keys);
    assert!(run.ok().contains("AKIDENVIRONMENT"), "{run:#?}");
    assert_eq!(folder.starts(), 1);
}
