//! A variable that is not UTF-8 is not one that is not set: another identity, other certificates or no authorization would
//! be used.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output};

use e2e::command::binary;
use e2e::peer::{Act, Peer};

fn run(variables: &[(&str, OsString)]) -> Output {
    let mut command = Command::new(binary());
    command.args(["credentials"]).env_clear().envs(variables.iter().map(|(name, value)| (*name, value)));
    command.output().expect("the command starts")
}

#[test]
fn a_variable_that_is_not_utf8_is_an_error_that_names_it() {
    let document = r#"{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
    let peer = Peer::start(move |_| Act::ok(document));
    for (name, start) in [
        ("AWS_PROFILE", "prod"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
        ("AWS_CA_BUNDLE", "/etc/ssl/cert"),
        ("AWS_CONFIG_FILE", "/etc/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/etc/credentials"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_ROLE_ARN", "arn"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HTTPS_PROXY", "http://"),
        ("no_proxy", "example.com"),
        ("HOME", "/home/"),
        ("ROLECALL_CACHE", "/cache"),
    ] {
        let value = OsStr::from_bytes(&[start.as_bytes(), b"\xff"].concat()).to_owned();
        let mut variables = vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/x", peer.url()).into())];
        if name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN" {
            variables.push(("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".into()));
        }
        if name == "AWS_ROLE_ARN" {
            variables.push(("AWS_WEB_IDENTITY_TOKEN_FILE", "/token".into()));
        }
        if name == "AWS_SESSION_TOKEN" {
            variables.push(("AWS_SECRET_ACCESS_KEY", "secret".into()));
        }
        variables.push((name, value));
        let output = run(&variables);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{name}: {output:?}");
        assert!(error.contains(&format!("{name}: ")) && error.contains("not UTF-8"), "{name}: {error}");
    }
    assert_eq!(peer.requests(), 0, "it was asked all the same");
}

/// Variables of other programs are not looked at.
#[test]
fn other_variables_may_have_any_bytes() {
    let variables = [
        ("OTHER", OsStr::from_bytes(b"\xff").to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE\n".into()),
        ("AWS_SECRET_ACCESS_KEY", "secret\r\n".into()),
    ];
    let output = run(&variables);
    assert!(
        output.status.success()
            && output.stdout.starts_with(b"{\"Version\":1,\"AccessKeyId\":\"AKIDEXAMPLE\"")
    );
}
