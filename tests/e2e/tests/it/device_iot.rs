//! Credentials of AWS IoT, over mutual TLS with a server of OpenSSL.

use std::path::PathBuf;

use e2e::command::{Run, rolecall};
use e2e::device::{Service, file};
use e2e::servers::Server;
use rolecall_simulator::{Config, Simulator};

const NOTHING: [(&str, &str); 1] = [("AWS_EC2_METADATA_DISABLED", "true")];

/// Runs a command with the certificate `name` and a key file at a service.
fn run_with(command: &[&str], service: &Service, name: &str, key: &str, more: &[&str]) -> Run {
    let (endpoint, certificate, ca) = (service.authority(), file(&format!("{name}.pem")), file("root.pem"));
    let mut arguments = command.to_vec();
    arguments.extend(["--iot-endpoint", &endpoint, "--cert", &certificate, "--key", key, "--ca", &ca]);
    arguments.extend(more);
    rolecall(&arguments, NOTHING)
}

fn credentials(service: &Service, name: &str, more: &[&str]) -> Run {
    run_with(&["credentials"], service, name, &file(&format!("{name}.key")), more)
}

const GATEWAYS: [&str; 2] = ["--role-alias", "gateways"];

#[test]
fn a_device_gets_credentials_for_its_certificate() {
    let mut service = Service::start("iot", "server");
    for (name, key) in [
        ("p256", "p256.key"),
        ("p256", "p256.old.key"),
        ("p384", "p384.key"),
        ("p384", "p384.old.key"),
        ("rsa2048", "rsa2048.key"),
        ("rsa2048", "rsa2048.old.key"),
        ("rsa4096", "rsa4096.key"),
    ] {
        let run = run_with(
            &["credentials"],
            &service,
            name,
            &file(key),
            &["--role-alias", "gateways", "--thing-name", "gateway-7"],
        );
        assert!(run.ok().contains("\"AccessKeyId\":\"ASIA"), "{key}: {run:?}");
        assert_eq!(run.stderr, "");
        let request = service.request();
        assert_eq!(request["target"], "/role-aliases/gateways/credentials");
        assert_eq!(request["headers"]["x-amzn-iot-thingname"], "gateway-7");
        assert_eq!(request["subject"][0][0][1], name);
        assert_eq!(request["sni"], "localhost");
    }
    assert!(credentials(&service, "p256", &GATEWAYS).ok().contains("ASIA"));
    assert!(service.request()["headers"].get("x-amzn-iot-thingname").is_none());
}

#[test]
fn each_refusal_of_the_service_says_its_cause() {
    let service = Service::start("iot", "server");
    for (alias, thing, words) in [
        ("gateways", "gateway-8", "attach the thing to this certificate"),
        ("denied", "gateway-7", "has to allow iot:AssumeRoleWithCertificate"),
        ("nothing", "gateway-7", "check the role alias"),
        ("no-role", "gateway-7", "trust policy has to name credentials.iot.amazonaws.com"),
        ("too-long", "gateway-7", "credentialDurationSeconds"),
        ("half", "gateway-7", "input ends too early"),
        ("bad alias", "gateway-7", "role alias: 1 to 128"),
        ("gateways", "gateway/7", "thing name: 1 to 128"),
    ] {
        let run = credentials(&service, "p256", &["--role-alias", alias, "--thing-name", thing]);
        let error = run.failed();
        assert!(error.contains(words), "{alias}, {thing}: {error}");
        assert!(error.contains("AWS IoT"), "{error}");
    }
    let busy = credentials(&service, "p256", &["--role-alias", "busy"]);
    assert!(busy.failed().contains("503"), "{busy:?}");
}

#[test]
fn each_certificate_that_a_server_refuses_has_words_of_its_own() {
    let service = Service::start("iot", "server");
    for (name, words) in [
        ("expired", "says that this client's certificate has expired"),
        ("early", "does not accept this client's certificate"),
        ("other", "does not trust the issuer of this client's certificate"),
        ("revoked", "certificate was revoked"),
        (
            "chain",
            "does not trust the issuer of this client's certificate, or a certificate between them is missing",
        ),
    ] {
        let run = credentials(&service, name, &GATEWAYS);
        assert_eq!(run.code, Some(1), "{name}: {run:?}");
        let error = run.stderr.lines().last().expect("an error");
        assert!(error.contains(words) && error.contains(&service.authority()), "{name}: {error}");
        // What is wrong with the dates is known here, too.
        let dates = matches!(name, "expired" | "early");
        assert_eq!(run.stderr.contains("the certificate in"), dates, "{name}: {run:?}");
    }
    // With the certificate between it and its root, the same device is accepted.
    let run =
        credentials(&service, "chain", &["--role-alias", "gateways", "--chain", &file("intermediate.pem")]);
    assert!(run.ok().contains("ASIA"));
    // A server that requires a certificate, asked without one.
    let url = format!("https://{}/x", service.authority());
    let ca = file("root.pem");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_CA_BUNDLE", &ca),
    ];
    let run = rolecall(&["request", "GET", &url, "--service", "s3"], keys);
    assert!(run.failed().contains("the server requires a certificate of the client"), "{run:?}");
}

#[test]
fn each_server_that_is_not_trusted_has_words_of_its_own() {
    for (server, words) in [
        ("server-named", "the certificate is for another name"),
        ("server-expired", "the certificate has expired"),
        ("server-early", "the certificate is not valid yet"),
        ("server-other", "from an issuer that is not trusted"),
        ("server-forged", "was issued by one that is not an authority's"),
        ("server-ca", "the certificate of an authority as its own"),
    ] {
        let service = Service::start("iot", server);
        let run = credentials(&service, "p256", &GATEWAYS);
        let error = run.failed();
        assert!(error.contains("certificate not trusted") && error.contains(words), "{server}: {error}");
        assert!(error.contains(&service.authority()), "{server}: {error}");
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("iot-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A config file with a profile of a device.
fn config(name: &str, service: &Service, more: &str) -> String {
    let text = format!(
        "[profile device]\niot_endpoint = {}\niot_role_alias = gateways\niot_thing_name = gateway-7\n\
         certificate = {}\nprivate_key = {}\niot_ca_bundle = {}\n{more}",
        service.authority(),
        file("p256.pem"),
        file("p256.key"),
        file("root.pem")
    );
    let path = folder(name).join("config");
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("text").to_owned()
}

#[test]
fn a_profile_names_the_certificate() {
    let service = Service::start("iot", "server");
    let config = config("profile", &service, "");
    let variables = [("AWS_CONFIG_FILE", config.as_str()), NOTHING[0]];
    assert!(rolecall(&["credentials", "--profile", "device"], variables).ok().contains("ASIA"));
    let explained = rolecall(&["explain", "--profile", "device"], variables);
    assert!(explained.stdout.contains("profile device: access key id ASIA"), "{explained:?}");
    assert!(explained.stdout.contains("p256.pem, ECDSA P-256, serial number "), "{explained:?}");

    // A command asks once, and another finds what it kept.
    let cache = folder("cache");
    let cached = ["credentials", "--profile", "device", "--cache", cache.to_str().expect("text")];
    let first = rolecall(&cached, variables).ok().to_owned();
    drop(service);
    assert_eq!(rolecall(&cached, variables).ok(), first);
}

#[test]
fn a_path_of_a_profile_may_start_in_the_home_folder() {
    let service = Service::start("iot", "server");
    let path = config("home", &service, "");
    let certificates = file("p256.pem");
    let home =
        std::path::Path::new(&certificates).parent().and_then(std::path::Path::to_str).expect("a folder");
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.matches(&format!("= {home}/")).count() >= 3, "{text}");
    std::fs::write(&path, text.replace(&format!("= {home}/"), "= ~/")).expect("a file");
    for home in [home.to_owned(), format!("{home}/")] {
        let variables = [("AWS_CONFIG_FILE", path.as_str()), ("HOME", &home)];
        assert!(rolecall(&["credentials", "--profile", "device"], variables).ok().contains("ASIA"), "{home}");
    }
    // Of another home folder, and of none.
    for home in ["/nowhere", ""] {
        let variables = [("AWS_CONFIG_FILE", path.as_str()), ("HOME", home)];
        let run = rolecall(&["credentials", "--profile", "device"], variables);
        let shown = if home.is_empty() { "~/" } else { "/nowhere/" };
        assert!(run.failed().contains(shown), "{run:?}");
    }
}

#[test]
fn a_profile_that_does_not_exist_is_an_error_beside_a_certificate_too() {
    let service = Service::start("iot", "server");
    let path = config("beside", &service, "[profile other]\nregion = eu-west-1\n");
    let (endpoint, certificate, key) = (service.authority(), file("p256.pem"), file("p256.key"));
    let ca = file("root.pem");
    let with = |profile: &str, variable: &str| {
        let mut arguments = vec!["credentials", "--iot-endpoint", &endpoint, "--role-alias", "gateways"];
        arguments.extend(["--cert", &certificate, "--key", &key, "--ca", &ca]);
        if !profile.is_empty() {
            arguments.extend(["--profile", profile]);
        }
        rolecall(&arguments, [("AWS_CONFIG_FILE", path.as_str()), ("AWS_PROFILE", variable)])
    };
    assert!(with("other", "").ok().contains("ASIA"));
    for (profile, variable) in [("nosuch", ""), ("", "nosuch")] {
        let run = with(profile, variable);
        assert!(run.failed().contains("profile nosuch") && run.stderr.contains("neither"), "{run:?}");
    }
}

#[test]
fn a_profile_that_is_not_complete_names_what_it_needs() {
    let service = Service::start("iot", "server");
    for (number, (line, words)) in [
        ("iot_endpoint", "AWS IoT needs iot_endpoint"),
        ("iot_role_alias", "AWS IoT needs iot_role_alias"),
        ("certificate", "AWS IoT needs certificate"),
        ("private_key", "AWS IoT needs private_key"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = config(&format!("part-{number}"), &service, "");
        let text = std::fs::read_to_string(&path).expect("a file");
        let kept: Vec<_> = text.lines().filter(|found| !found.starts_with(&format!("{line} ="))).collect();
        std::fs::write(&path, kept.join("\n")).expect("a file");
        let run = rolecall(
            &["credentials", "--profile", "device"],
            [("AWS_CONFIG_FILE", path.as_str()), NOTHING[0]],
        );
        assert!(run.failed().contains(words), "{run:?}");
        assert!(run.stderr.contains("device"), "{run:?}");
    }
    let anywhere = "trust_anchor_arn = arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/x\n";
    let both = config("both", &service, anywhere);
    let run =
        rolecall(&["credentials", "--profile", "device"], [("AWS_CONFIG_FILE", both.as_str()), NOTHING[0]]);
    let error = run.failed();
    assert!(
        error.contains("device") && error.contains("iot_endpoint") && error.contains("trust_anchor_arn"),
        "{error}"
    );
    for (value, words) in [("yes", "expected true or false"), ("", "AWS IoT")] {
        let shared = config("shared", &service, &format!("private_key_shared = {value}\n"));
        let run = rolecall(
            &["credentials", "--profile", "device"],
            [("AWS_CONFIG_FILE", shared.as_str()), NOTHING[0]],
        );
        assert!(run.code == Some(0) || run.stderr.contains(words), "{run:?}");
    }
}

#[test]
fn a_role_is_assumed_with_the_credentials_of_a_device() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let sts = simulator.environment().into_iter().find(|(name, _)| *name == "AWS_ENDPOINT_URL_STS");
    let sts = sts.expect("an endpoint").1;
    let service = Service::start("iot", "server");
    let more = format!("[profile top]\nsource_profile = device\nrole_arn = {}\n", simulator.role_arn());
    let config = config("base", &service, &more);
    let variables = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_ENDPOINT_URL_STS", &sts),
        ("AWS_REGION", "eu-west-1"),
        NOTHING[0],
    ];
    // The simulator does not know the key of the device: it is asked all the same.
    let run = rolecall(&["credentials", "--profile", "top"], variables);
    assert!(run.failed().contains("AssumeRole"), "{run:?}");
}

#[test]
fn what_a_device_gets_signs_requests_that_are_accepted() {
    let Some(server) = Server::named("ministack") else { return };
    let service = Service::start("iot", "server");
    let config = config("signs", &service, "");
    let (url, region) = (server.need("URL"), server.need("REGION"));
    let variables = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_PROFILE", "device"),
        ("AWS_ENDPOINT_URL_STS", &url),
        ("AWS_REGION", &region),
        NOTHING[0],
    ];
    assert!(rolecall(&["whoami"], variables).ok().contains("assumed-role"), "an identity");
    let object = format!("{url}/{}/from-a-device", server.need("BUCKET"));
    rolecall(&["request", "PUT", &object, "--service", "s3", "-d", "21.5"], variables).ok();
    assert_eq!(rolecall(&["request", "GET", &object, "--service", "s3"], variables).ok(), "21.5");
}

#[test]
fn options_that_do_not_go_together_are_refused_before_anything_is_sent() {
    for (arguments, words) in [
        (&["--iot-endpoint", "h", "--cert", "c", "--key", "k"][..], "--iot-endpoint needs --role-alias"),
        (&["--iot-endpoint", "h", "--role-alias", "a", "--key", "k"], "--iot-endpoint needs --cert"),
        (&["--iot-endpoint", "h", "--role-alias", "a", "--cert", "c"], "--iot-endpoint needs --key"),
        (&["--cert", "c"], "--cert needs --iot-endpoint or --trust-anchor-arn"),
        (&["--thing-name", "t"], "--thing-name needs --iot-endpoint"),
        (&["--iot-endpoint", "h", "--trust-anchor-arn", "a"], "not both"),
        (
            &["--iot-endpoint", "h", "--role-alias", "a", "--cert", "c", "--key", "k", "--profile-arn", "p"],
            "--profile-arn needs --trust-anchor-arn",
        ),
        (
            &[
                "--iot-endpoint",
                "h",
                "--role-alias",
                "a",
                "--cert",
                "c",
                "--key",
                "k",
                "--cognito-identity-pool",
                "eu-west-1:x",
            ],
            "a certificate or a Cognito identity, not both",
        ),
    ] {
        let all: Vec<_> = [&["credentials"], arguments].concat();
        let run = rolecall(&all, NOTHING);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(words), "{arguments:?}: {}", run.stderr);
    }
    for endpoint in ["http://h", "https://h/path", "h:port", "", "https://u@h", "ftp://h"] {
        let arguments =
            ["credentials", "--iot-endpoint", endpoint, "--role-alias", "a", "--cert", "c", "--key", "k"];
        let run = rolecall(&arguments, NOTHING);
        assert!(matches!(run.code, Some(1 | 2)), "{endpoint}: {run:?}");
        assert!(run.stderr.contains("endpoint"), "{endpoint}: {run:?}");
    }
}

#[test]
fn a_proxy_on_the_way_is_presented_no_certificate() {
    let (service, mut proxy) = (Service::start("iot", "server-named"), Service::start("proxy", "server"));
    // A name that is not this machine's goes through the proxy.
    let named_port = service.authority().trim_start_matches("localhost:").to_owned();
    let (endpoint, url) = (format!("gateway.example:{named_port}"), format!("https://{}", proxy.authority()));
    let (ca, certificate, key) = (file("root.pem"), file("p256.pem"), file("p256.key"));
    let arguments = ["credentials", "--iot-endpoint", &endpoint, "--role-alias", "gateways", "--ca", &ca];
    let all = [&arguments[..], &["--cert", &certificate, "--key", &key]].concat();
    let run = rolecall(&all, [("HTTPS_PROXY", url.as_str()), ("AWS_CA_BUNDLE", &ca), NOTHING[0]]);
    assert!(run.ok().contains("ASIA"), "{run:?}");
    let asked = proxy.request();
    assert!(asked["head"].as_str().expect("text").starts_with(&format!("CONNECT {endpoint} ")), "{asked}");
    assert_eq!(asked["presented"], false);
    // The proxy's own certificate is verified with the roots of the settings, not with those of the device.
    let other = file("other-root.pem");
    let run = rolecall(&all, [("HTTPS_PROXY", url.as_str()), ("AWS_CA_BUNDLE", &other), NOTHING[0]]);
    assert!(run.failed().contains("not trusted"), "{run:?}");
}

#[test]
fn a_password_in_an_endpoint_is_not_shown() {
    let endpoint = "user:s3cr3tpw@localhost:1";
    let arguments = ["--iot-endpoint", endpoint, "--role-alias", "a", "--cert", "c", "--key", "k"];
    for command in [&["credentials"][..], &["explain"], &["explain", "--json"]] {
        let run = rolecall(&[command, &arguments].concat(), NOTHING);
        assert_eq!(run.code, Some(1), "{run:?}");
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(all.contains("a user or a password") && !all.contains("s3cr3tpw"), "{all}");
    }
    let run = rolecall(&["presign", "--mqtt", "u:s3cr3tpw@h.iot.eu-west-1.amazonaws.com"], NOTHING);
    assert!(run.failed().contains("a user or a password") && !run.stderr.contains("s3cr3tpw"), "{run:?}");
}

#[test]
fn a_certificate_is_never_left_out_for_another_identity() {
    let keys = "[profile keys]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
    let role = "role_arn = arn:aws:iam::123456789012:role/r\n";
    let anchor = "trust_anchor_arn = arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/x\n\
                  profile_arn = arn:aws:rolesanywhere:eu-west-1:123456789012:profile/x\n";
    let iot = "iot_endpoint = h\niot_role_alias = a\n";
    let files = "certificate = c\nprivate_key = k\n";
    for (number, (lines, words)) in [
        (format!("{iot}{files}{role}source_profile = keys\n"), "iot_endpoint beside source_profile"),
        (
            format!("{iot}{files}{role}credential_source = Environment\n"),
            "iot_endpoint beside credential_source",
        ),
        (format!("{iot}{files}{role}"), "iot_endpoint beside role_arn"),
        (format!("{files}{role}source_profile = keys\n"), "certificate beside source_profile"),
        (format!("{anchor}{files}{role}source_profile = keys\n"), "trust_anchor_arn beside source_profile"),
        (format!("{anchor}{files}{role}external_id = x1\n"), "trust_anchor_arn beside external_id"),
        (format!("{anchor}{files}{role}mfa_serial = 123456789\n"), "trust_anchor_arn beside mfa_serial"),
        (format!("{anchor}{files}{role}iot_ca_bundle = x\n"), "iot_ca_bundle, but no iot_endpoint"),
        ("iot_thing_name = x\n".to_owned(), "iot_thing_name, but no iot_endpoint"),
        ("certificate_chain = x\n".to_owned(), "neither iot_endpoint nor trust_anchor_arn"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder(&format!("beside-{number}")).join("config");
        std::fs::write(&path, format!("{keys}[profile device]\n{lines}")).expect("a file");
        let variables = [
            ("AWS_CONFIG_FILE", path.to_str().expect("text")),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_REGION", "eu-west-1"),
            NOTHING[0],
        ];
        let run = rolecall(&["credentials", "--profile", "device"], variables);
        assert!(run.failed().contains(words) && run.stderr.contains("device"), "{lines}: {run:?}");
    }
}
