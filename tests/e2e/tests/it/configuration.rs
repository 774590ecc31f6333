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

#[test]
fn a_command_that_prints_what_has_ended_is_said_to() {
    for (index, end) in
        ["2020-01-02T03:04:05Z", "2020-01-02T03:04:05+0000", "20200102T030405Z"].iter().enumerate()
    {
        let document = format!(
            r#"{{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"s","SessionToken":"t","Expiration":"{end}"}}"#
        );
        let run = printing(&format!("ended-{index}"), &document, "");
        let error = run.failed();
        assert!(error.contains(&format!("cat printed Expiration {end}")), "{error}");
        assert!(error.contains("the command has to print") && !error.contains("lags"), "{error}");
    }
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let ended = [&keys[..], &[("AWS_CREDENTIAL_EXPIRATION", "2020-01-02T03:04:05Z")]].concat();
    let run = rolecall(&["credentials"], ended);
    let error = run.failed();
    assert!(error.contains("AWS_CREDENTIAL_EXPIRATION is 2020-01-02T03:04:05Z"), "{error}");
    for text in ["soon", "2020-01-02", "1577934245"] {
        let wrong = [&keys[..], &[("AWS_CREDENTIAL_EXPIRATION", text)]].concat();
        let found =
            format!("AWS_CREDENTIAL_EXPIRATION: {text:?}: expected a time such as 2026-01-02T03:04:05Z");
        assert!(rolecall(&["credentials"], wrong).failed().contains(&found), "{text}");
    }
}

#[test]
fn a_key_with_a_value_that_cannot_be_used_is_named_with_file_and_line() {
    let role = "role_arn = arn:aws:iam::123456789012:role/r\n";
    for (index, (lines, line, parts)) in [
        (
            format!("{role}duration_seconds = 899\nsource_profile = x\n"),
            4,
            ["duration_seconds", "\"899\"", "900 to 43200"],
        ),
        (
            format!("duration_seconds = an hour\n{role}source_profile = x\n"),
            3,
            ["duration_seconds", "\"an hour\"", "900 to 43200"],
        ),
        (
            format!("{role}# x\n\ncredential_source = Moon"),
            6,
            ["credential_source", "\"Moon\"", "EcsContainer"],
        ),
        (
            "credential_source=environment\n".to_owned(),
            3,
            ["credential_source", "\"environment\"", "Environment"],
        ),
        (
            format!("{role}web_identity_token_file = /t\nduration_seconds = -1\n"),
            5,
            ["duration_seconds", "\"-1\"", "900 to 43200"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let config = file(&format!("unusable-{index}"), &format!("# first\n[profile p]\n{lines}"));
        let run = run(&config, &["--profile", "p"], &[]);
        let error = run.failed();
        let place = format!("profile p: {} ({}, line {line}): ", parts[0], config.display());
        assert!(error.contains(&place) && parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn a_choice_or_number_that_is_none_is_refused() {
    const ALWAYS: [(&str, &str); 2] =
        [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let empty = file("choices-none", "");
    for name in [
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
    ] {
        let with = |value| run(&empty, &[], &[&ALWAYS[..], &[(name, value)]].concat());
        for value in ["1", "yes", "on", "0", "truee"] {
            let run = with(value);
            assert!(run.failed().contains(&format!("{name}: {value:?}: expected true or false")), "{run:#?}");
        }
        for value in ["true", "TRUE", " False\n", "false", ""] {
            with(value).ok();
        }
    }
    // It matters where instance metadata's turn comes, and nowhere else.
    for value in ["1", "yes", "0"] {
        let disabled = [("AWS_EC2_METADATA_DISABLED", value)];
        run(&empty, &[], &[&ALWAYS[..], &disabled].concat()).ok();
        let path = empty.to_str().expect("text");
        let run = rolecall(&["credentials"], [("AWS_CONFIG_FILE", path), disabled[0]]);
        let expected = format!("AWS_EC2_METADATA_DISABLED: {value:?}: expected true or false");
        assert!(run.failed().contains(&expected), "{run:#?}");
    }
    for (key, value, expected) in [
        ("metadata_service_timeout", "soon", "a number of seconds above zero"),
        ("metadata_service_num_attempts", "0", "a whole number above zero"),
        ("ec2_metadata_service_endpoint_mode", "IPv5", "neither IPv4 nor IPv6"),
    ] {
        let config = file(key, &format!("[default]\n\n{key} = {value}\n"));
        let run = rolecall(&["credentials"], [("AWS_CONFIG_FILE", config.to_str().expect("text"))]);
        let found = format!("profile default: {key} ({}, line 3): {value:?}", config.display());
        assert!(run.failed().contains(&found) && run.stderr.contains(expected), "{run:#?}");
    }
    for key in ["use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls"] {
        for (index, (value, works)) in
            [("yes", false), ("1", false), ("True", true), ("false", true)].iter().enumerate()
        {
            let config = file(&format!("{key}-{index}"), &format!("[default]\n{key} = {value}\n"));
            let run = run(&config, &[], &ALWAYS);
            if *works {
                run.ok();
            } else {
                let found = format!(
                    "profile default: {key} ({}, line 2): {value:?}: expected true or false",
                    config.display()
                );
                assert!(run.failed().contains(&found), "{run:#?}");
            }
        }
    }
}

#[test]
fn a_section_of_services_that_is_missing_is_named() {
    for (index, (name, section)) in [
        ("local", ""),
        ("local", "[services other]\n"),
        ("Local", "[services local]\n"),
        ("a b", "[services a b]\n"),
    ]
    .iter()
    .enumerate()
    {
        let config = file(
            &format!("services-{index}"),
            &format!("[profile p]\nservices = {name}\n{}{section}", keys("AKIDP")),
        );
        let run = run(&config, &["--profile", "p"], &[]);
        let found = format!(
            "profile p: services ({}, line 2): {name:?}: expected a section [services {name}]",
            config.display()
        );
        assert!(run.failed().contains(&found), "{run:#?}");
    }
    let there = format!("[profile p]\nservices = local\n{}[services local]\n", keys("AKIDP"));
    assert!(run(&file("services", &there), &["--profile", "p"], &[]).ok().contains("AKIDP"));
}

#[test]
fn a_token_that_cannot_be_used_is_named_by_its_file() {
    for (index, token) in ["", "\n", "two words", "\u{e9}"].iter().enumerate() {
        let token = file(&format!("token-{index}"), token);
        let variables = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().expect("text")),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"),
            ("AWS_REGION", "eu-west-1"),
        ];
        let run = run(&file("token-none", ""), &[], &variables);
        assert!(run.failed().contains(token.to_str().expect("text")), "{run:#?}");
    }
}
