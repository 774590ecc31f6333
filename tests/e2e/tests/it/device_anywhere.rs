//! Sessions of IAM Roles Anywhere, whose requests a second implementation verifies.

use e2e::command::{Run, rolecall};
use e2e::device::{Service, file, flip};

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/5cf2ae0b-7a33-4e29-9d0b-cd0f5ac2b1d6";
const PROFILE: &str =
    "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/0d9ae7e8-5a26-4ba1-a4c2-7ad2c6b9f26a";
const ROLE: &str = "arn:aws:iam::123456789012:role/gateway";

fn credentials(service: &Service, certificate: &str, key: &str, more: &[&str]) -> Run {
    let (url, ca) = (format!("https://{}", service.authority()), file("root.pem"));
    let (certificate, key) = (file(certificate), file(key));
    let mut arguments = vec!["credentials", "--trust-anchor-arn", ANCHOR, "--profile-arn", PROFILE];
    arguments.extend(["--cert", &certificate, "--key", &key]);
    arguments.extend(more);
    if !more.contains(&"--role-arn") {
        arguments.extend(["--role-arn", ROLE]);
    }
    rolecall(
        &arguments,
        [
            ("AWS_ENDPOINT_URL_ROLESANYWHERE", url.as_str()),
            ("AWS_CA_BUNDLE", &ca),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ],
    )
}

#[test]
fn a_session_is_created_with_each_kind_of_key() {
    let mut service = Service::start("anywhere", "server");
    for (certificate, key, algorithm) in [
        ("p256.pem", "p256.key", "ECDSA"),
        ("p256.pem", "p256.old.key", "ECDSA"),
        ("p384.pem", "p384.key", "ECDSA"),
        ("p384.pem", "p384.old.key", "ECDSA"),
        ("rsa2048.pem", "rsa2048.key", "RSA"),
        ("rsa4096.pem", "rsa4096.old.key", "RSA"),
        ("serial.pem", "serial.key", "ECDSA"),
    ] {
        let run = credentials(&service, certificate, key, &[]);
        assert!(run.ok().contains("\"AccountId\":\"123456789012\""), "{key}: {run:?}");
        let request = service.request();
        let authorization = request["headers"]["authorization"].as_str().expect("text");
        assert!(
            authorization.starts_with(&format!("AWS4-X509-{algorithm}-SHA256 Credential=")),
            "{authorization}"
        );
        assert_eq!(request["body"], "{}");
        assert!(request["headers"].get("x-amz-x509-chain").is_none());
        if certificate == "serial.pem" {
            assert!(authorization.contains("Credential=1/"), "{authorization}");
        }
    }
}

#[test]
fn one_bit_changed_anywhere_is_refused() {
    let mut service = Service::start("anywhere", "server");
    for (name, more) in [
        ("p256", vec![]),
        ("p384", vec!["--duration-seconds", "900"]),
        ("rsa2048", vec!["--role-session-name", "gateway-7"]),
        ("chain", vec!["--chain", "intermediate.pem", "--duration-seconds", "43200"]),
    ] {
        let intermediate = file("intermediate.pem");
        let more: Vec<&str> = more
            .into_iter()
            .map(|word| if word == "intermediate.pem" { &*intermediate } else { word })
            .collect();
        let run = credentials(&service, &format!("{name}.pem"), &format!("{name}.key"), &more);
        assert!(run.ok().contains("ASIA"), "{name}: {run:?}");
        let (accepted, refused) = flip(&service.request());
        // These are not signed: who sends it, and how long the body is, which is.
        let unsigned = ["user-agent", "content-length"];
        assert!(
            accepted.iter().all(|name| unsigned.contains(&name.to_ascii_lowercase().as_str())),
            "{accepted:?}"
        );
        assert!(refused > 1_000, "{name}: {refused}");
        println!("{name}: {refused} changes refused");
    }
}

#[test]
fn what_the_service_refuses_is_said_with_its_words() {
    let service = Service::start("anywhere", "server");
    for (name, key, more, words) in [
        ("other.pem", "other.key", &[][..], "check that the trust anchor has the certificate's issuer"),
        ("chain.pem", "chain.key", &[], "check that the trust anchor has the certificate's issuer"),
        ("expired.pem", "expired.key", &[], "the certificate is not valid now"),
        (
            "p256.pem",
            "p256.key",
            &["--role-arn", "arn:aws:iam::123456789012:role/another"],
            "Unable to assume role",
        ),
    ] {
        let run = credentials(&service, name, key, more);
        assert_eq!(run.code, Some(1), "{run:?}");
        let error = run.stderr.lines().last().expect("an error");
        assert!(error.contains("IAM Roles Anywhere") && error.contains(words), "{name}: {error}");
    }
}

#[test]
fn arns_that_cannot_be_right_are_refused_before_anything_is_sent() {
    for (anchor, profile, role, words) in [
        ("arn:aws:iam::123456789012:role/x", PROFILE, ROLE, "trust anchor: expected arn:aws:rolesanywhere"),
        (ANCHOR, ANCHOR, ROLE, "profile: expected arn:aws:rolesanywhere"),
        (ANCHOR, PROFILE, "gateway", "role ARN"),
        ("arn:aws:rolesanywhere::123456789012:trust-anchor/5cf2ae0b", PROFILE, ROLE, "its ARN has no region"),
        (
            "arn:aws:rolesanywhere:evil.example/:1:trust-anchor/5cf2ae0b",
            PROFILE,
            ROLE,
            "its ARN has no region",
        ),
        (
            "arn:aws:rolesanywhere:eu-west-2:123456789012:trust-anchor/5cf2ae0b",
            PROFILE,
            ROLE,
            "of the same region",
        ),
    ] {
        let (certificate, key) = (file("p256.pem"), file("p256.key"));
        let run = rolecall(
            &[
                "credentials",
                "--trust-anchor-arn",
                anchor,
                "--profile-arn",
                profile,
                "--role-arn",
                role,
                "--cert",
                &certificate,
                "--key",
                &key,
            ],
            [("AWS_EC2_METADATA_DISABLED", "true")],
        );
        assert!(run.failed().contains(words), "{anchor}: {run:?}");
    }
    for (more, words) in [
        (&["--external-id", "x"][..], "--external-id is not for a session of IAM Roles Anywhere"),
        (&["--tag", "a=b"], "--tag is not for a session of IAM Roles Anywhere"),
        (&["--thing-name", "x"], "--thing-name needs --iot-endpoint"),
    ] {
        let arguments = [
            &["credentials", "--trust-anchor-arn", ANCHOR, "--profile-arn", PROFILE, "--role-arn", ROLE][..],
            &["--cert", "c", "--key", "k"],
            more,
        ]
        .concat();
        let run = rolecall(&arguments, [("AWS_EC2_METADATA_DISABLED", "true")]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
    }
}

#[test]
fn a_profile_creates_a_session_and_assumes_a_role_with_it() {
    let service = Service::start("anywhere", "server");
    let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("anywhere-config");
    let text = format!(
        "[profile agent]\ntrust_anchor_arn = {ANCHOR}\nprofile_arn = {PROFILE}\nrole_arn = {ROLE}\n\
         certificate = {}\ncertificate_chain = {}\nprivate_key = {}\nduration_seconds = 900\n\
         [profile part]\ntrust_anchor_arn = {ANCHOR}\nprofile_arn = {PROFILE}\nrole_arn = {ROLE}\n",
        file("chain.pem"),
        file("intermediate.pem"),
        file("chain.key"),
    );
    std::fs::write(&path, text).expect("a file");
    let (url, ca) = (format!("https://{}", service.authority()), file("root.pem"));
    let variables = [
        ("AWS_CONFIG_FILE", path.to_str().expect("text")),
        ("AWS_ENDPOINT_URL_ROLESANYWHERE", &url),
        ("AWS_CA_BUNDLE", &ca),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    assert!(rolecall(&["credentials", "--profile", "agent"], variables).ok().contains("ASIA"));
    let explained = rolecall(&["explain", "--profile", "agent"], variables);
    assert!(explained.stdout.contains("chain.pem, ECDSA P-256"), "{explained:?}");
    let part = rolecall(&["credentials", "--profile", "part"], variables);
    assert!(part.failed().contains("IAM Roles Anywhere needs certificate"), "{part:?}");
}
