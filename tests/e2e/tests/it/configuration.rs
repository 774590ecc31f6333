//! Configuration files and the documents of commands as people and other tools write them.

use std::path::{Path, PathBuf};

use e2e::command::{Run, rolecall};

fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("configuration-{name}"));
    std::fs::write(&path, content).expect("a file");
    path
}

fn run(config: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Run {
    let mut variables = vec![
        ("AWS_CONFIG_FILE", config.to_str().expect("text")),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("PATH", "/usr/bin:/bin"),
    ];
    variables.extend(more);
    rolecall(&[&["credentials"], arguments].concat(), variables)
}

fn keys(id: &str) -> String {
    format!("aws_access_key_id = {id}\naws_secret_access_key = secret\n")
}

/// The AWS CLI writes names with spaces in quotes, and reads them as a shell does.
#[test]
fn names_in_quotes_are_the_names_without_them() {
    let config = [
        ("profile \"My MacBook Pro\"", "AKIDDOUBLE"),
        ("profile 'corp dev'", "AKIDSINGLE"),
        ("profile \"plain\"", "AKIDPLAIN"),
        ("profile 'Übung 1'", "AKIDUMLAUT"),
        ("profile \"it's\"", "AKIDAPOSTROPHE"),
        ("profile \"unfinished", "AKIDUNFINISHED"),
        ("profile two words", "AKIDTWO"),
        ("profile \"\"", "AKIDEMPTY"),
    ];
    let text: String = config.iter().map(|(header, id)| format!("[{header}]\n{}", keys(id))).collect();
    let config = file("quoted", &text);
    for (name, id) in [
        ("My MacBook Pro", "AKIDDOUBLE"),
        ("corp dev", "AKIDSINGLE"),
        ("plain", "AKIDPLAIN"),
        ("Übung 1", "AKIDUMLAUT"),
        ("it's", "AKIDAPOSTROPHE"),
    ] {
        assert!(run(&config, &["--profile", name], &[]).ok().contains(id), "{name}");
        assert!(run(&config, &[], &[("AWS_PROFILE", name)]).ok().contains(id), "{name}");
    }
    for name in ["\"My MacBook Pro\"", "My", "unfinished", "\"unfinished", "two words"] {
        assert_eq!(run(&config, &["--profile", name], &[]).code, Some(1), "{name}");
    }
    let role = "[profile top]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = My Source\n\
                [profile \"My Source\"]\nsso_session = my sso\nsso_account_id = 123456789012\nsso_role_name = r\n\
                [sso-session \"my sso\"]\nsso_region = eu-west-1\nsso_start_url = https://example.invalid/\n";
    let run = run(
        &file("session", role),
        &["--profile", "top"],
        &[("HOME", "/nonexistent"), ("AWS_REGION", "eu-west-1")],
    );
    assert!(run.failed().contains("aws sso login"), "{run:#?}");
}

/// *Configuration settings and precedence*, AWS CLI user guide.
#[test]
fn keys_of_the_credentials_file_go_before_a_command_and_those_of_the_config_file_after_it() {
    let printed = r#"echo '{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s"}'"#;
    let script = file("printed.sh", printed);
    let process = format!("credential_process = sh {}\n", script.display());
    let config = file("beside", &format!("[default]\n{process}{}", keys("AKIDCONFIG")));
    let credentials = file("beside-credentials", &format!("[default]\n{}", keys("AKIDFILE")));
    let other = file("beside-other", &format!("[other]\n{}", keys("AKIDOTHER")));
    let with = |credentials: &Path| {
        let named = [("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().expect("text"))];
        run(&config, &[], &named).ok().to_owned()
    };
    assert!(with(&credentials).contains("AKIDFILE"));
    assert!(with(&other).contains("AKIDPROCESS"));
    let empty = file("beside-empty", "[default]\naws_access_key_id =\n");
    assert!(with(&empty).contains("AKIDPROCESS"));
}

/// A profile whose command prints this document.
fn printing(name: &str, document: &str, more: &str) -> Run {
    let document = file(&format!("{name}.json"), document);
    let config = format!("[default]\ncredential_process = cat {}\n{more}", document.display());
    run(&file(&format!("{name}.ini"), &config), &[], &[])
}

#[test]
fn times_of_commands_are_read_as_python_and_shells_print_them() {
    let expiring = |name: usize, time: &str| {
        let document = format!(
            r#"{{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s","SessionToken":"t","Expiration":"{time}"}}"#
        );
        printing(&format!("time-{name}"), &document, "")
    };
    for (index, time) in [
        "2031-05-29T00:21:43Z",
        "2031-05-29T00:21:43+0000",
        "2031-05-29T02:21:43+0200",
        "2031-05-29T02:21:43+02",
        "2031-05-28T19:51:43-0430",
        "2031-05-29 00:21:43+00:00",
        "2031-05-29 00:21:43.123456+00:00",
        "2031-05-29T00:21:43,5Z",
        "2031-05-29t00:21:43z",
        "20310529T002143Z",
        "20310529T022143+0200",
        "20310529T002143.25Z",
    ]
    .into_iter()
    .enumerate()
    {
        let run = expiring(index, time);
        assert!(run.ok().contains("\"Expiration\":\"2031-05-29T00:21:43Z\""), "{time}: {run:#?}");
    }
    for (index, time) in [
        "2031-05-29T00:21:43",
        "2031-05-29",
        "20310529",
        "2031-05-29T00:21Z",
        "2031-05-29T00:21:43+",
        "2031-05-29T00:21:43+2",
        "2031-05-29T00:21:43+020",
        "2031-05-29T00:21:43+2400",
        "2031-05-29  00:21:43Z",
        "2031-0529T00:21:43Z",
        "2031-05-29T002143Z",
        "20310529T00:21:43Z",
        "2031-13-29T00:21:43Z",
        "1874967703",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let run = expiring(100 + index, time);
        assert!(run.failed().contains("Expiration"), "{time}: {run:#?}");
    }
}

#[test]
fn what_a_command_need_not_print_does_not_spoil_its_keys() {
    let with = |name: &str, version: &str, more: &str| {
        let document =
            format!(r#"{{"Version":{version},"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s"{more}}}"#);
        printing(name, &document, "")
    };
    for (index, (version, more)) in [
        ("1", ""),
        ("1.0", ""),
        ("1.000", ""),
        ("1", r#","AccountId":"123456789012""#),
        ("1", r#","AccountId":123456789012"#),
        ("1", r#","Code":"Whatever","Message":7,"RoleArn":[]"#),
        ("1", r#","SessionToken":null,"Expiration":null"#),
        ("1", r#","Profile":{"Version":2}"#),
    ]
    .into_iter()
    .enumerate()
    {
        let run = with(&format!("loose-{index}"), version, more);
        assert!(run.ok().contains("AKIDPROCESS"), "{version}{more}: {run:#?}");
        assert_eq!(
            run.stdout.contains("\"AccountId\":\"123456789012\""),
            more.contains("AccountId"),
            "{run:#?}"
        );
    }
    for (index, version) in ["2", "1.5", "10", "0", "\"1\"", "null", "true"].into_iter().enumerate() {
        let run = with(&format!("version-{index}"), version, "");
        assert!(run.failed().contains("Version"), "{version}: {run:#?}");
    }
}

#[test]
fn the_account_of_the_profile_fills_in_where_the_command_names_none() {
    let document = |more: &str| {
        format!(
            r#"{{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s","SessionToken":"t"{more}}}"#
        )
    };
    let own = "aws_account_id = 123456789001\n";
    let account = |run: Run, account: &str| {
        assert!(run.ok().contains(&format!("\"AccountId\":\"{account}\"")), "{run:#?}")
    };
    account(printing("account-none", &document(""), own), "123456789001");
    account(printing("account-own", &document(r#","AccountId":"123456789002""#), own), "123456789002");
    assert!(!printing("account-neither", &document(""), "").ok().contains("AccountId"));
}
