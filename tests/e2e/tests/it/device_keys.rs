//! Private keys: files as people have them, files that are refused, and keys that are not in files.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use e2e::command::{Run, rolecall_at_terminal, rolecall_weighed};
use e2e::device::{Service, file};
use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::wire::x509::Scheme;
use rolecall::{AnywhereRole, ClientCertificate, Environment, IotRole, Key, Provider};

const PASSPHRASE: &str = "correct horse battery staple";

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("device-keys");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Writes a file that this user alone may read.
fn private(name: &str, content: &str) -> String {
    let path = folder().join(name);
    let _ = std::fs::remove_file(&path);
    std::fs::write(&path, content).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    path.to_str().expect("text").to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).expect("a file")
}

fn arguments(service: &Service, certificate: &str, key: &str, more: &[&str]) -> Vec<String> {
    let ca = file("root.pem");
    let fixed = ["credentials", "--iot-endpoint", &service.authority(), "--role-alias", "gateways"];
    let files = ["--cert", certificate, "--key", key, "--ca", &ca];
    [&fixed[..], &files, more].concat().into_iter().map(str::to_owned).collect()
}

fn run(service: &Service, certificate: &str, key: &str, more: &[&str]) -> Run {
    let all = arguments(service, certificate, key, more);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    rolecall_weighed(&all, [("AWS_EC2_METADATA_DISABLED", "true")])
}

#[test]
fn an_encrypted_key_takes_its_passphrase() {
    let service = Service::start("iot", "server");
    let right = private("right", &format!("{PASSPHRASE}\r\n"));
    let wrong = private("wrong", "incorrect\n");
    for name in ["p256", "p384", "rsa2048"] {
        let (certificate, key) = (file(&format!("{name}.pem")), file(&format!("{name}.encrypted.key")));
        assert!(run(&service, &certificate, &key, &["--key-passphrase-file", &right]).ok().contains("ASIA"));
        let refused = run(&service, &certificate, &key, &["--key-passphrase-file", &wrong]);
        assert!(refused.failed().contains("the passphrase is wrong"), "{refused:?}");
        assert!(refused.stderr.contains(&key) && !refused.stderr.contains("incorrect"), "{refused:?}");
    }
    let (certificate, key) = (file("p256.pem"), file("p256.encrypted.key"));
    // Nothing to ask at.
    let refused = run(&service, &certificate, &key, &[]);
    assert!(refused.failed().contains("--key-passphrase-file"), "{refused:?}");
    let all = arguments(&service, &certificate, &key, &[]);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let asked = rolecall_at_terminal(&all, [("AWS_EC2_METADATA_DISABLED", "true")], &[PASSPHRASE]);
    assert!(asked.stdout.contains("Passphrase of") && asked.stdout.contains("ASIA"), "{asked:?}");
    assert!(!asked.stdout.contains(PASSPHRASE), "{asked:?}");
}

#[test]
fn text_around_a_certificate_and_a_key_is_skipped() {
    let service = Service::start("iot", "server");
    let crlf = |text: String| text.replace('\n', "\r\n");
    let certificate = private("text.pem", &format!("subject=device\n{}\nmore text\n", read("p256.pem")));
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    for (name, key) in [
        ("parameters.key", format!("{parameters}{}", read("p256.old.key"))),
        ("windows.key", crlf(read("p256.key"))),
        (
            "bag.key",
            format!(
                "Bag Attributes\n    friendlyName: device\nKey Attributes: <No Attributes>\n{}",
                read("p256.key")
            ),
        ),
        ("both.key", format!("{}{}", read("p256.pem"), read("p256.key"))),
        ("mark.key", format!("\u{feff}{}", read("p256.key"))),
    ] {
        let run = run(&service, &certificate, &private(name, &key), &[]);
        assert!(run.ok().contains("ASIA"), "{name}: {run:?}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_line() {
    let service = Service::start("iot", "server");
    let (certificate, key) = (read("p256.pem"), read("p256.key"));
    let cut = |text: &str| text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    let old = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AA\n\nAAAA\n\
               -----END EC PRIVATE KEY-----\n";
    let good = (file("p256.pem"), file("p256.key"));
    for (name, text, words) in [
        ("cut.pem", cut(&certificate), "line 1: "),
        ("late.pem", format!("text\n{}", cut(&certificate)), "line 2: "),
        ("bad.pem", certificate.replacen('M', "!", 1), "line 2: not PEM"),
        ("none.pem", "nothing here\n".to_owned(), "expected BEGIN CERTIFICATE, found no block at all"),
        ("key.pem", key.clone(), "expected BEGIN CERTIFICATE, found PRIVATE KEY"),
        (
            "other.pem",
            "-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n".to_owned(),
            "not one of X.509",
        ),
        ("many.pem", certificate.repeat(17), "more than 16 certificates"),
        ("der.pem", "0\x02x\n".to_owned(), "found DER or PKCS#12; convert it"),
    ] {
        let path = private(name, &text);
        let run = run(&service, &path, &good.1, &[]);
        assert!(run.failed().contains(words) && run.stderr.contains(&path), "{name}: {run:?}");
    }
    let secret: String = key.lines().nth(1).expect("a line").chars().take(24).collect();
    for (name, text, words) in [
        ("cut.key", cut(&key), "line 1: "),
        ("none.key", certificate.clone(), "expected BEGIN PRIVATE KEY or its like, found CERTIFICATE"),
        ("two.key", key.repeat(2), "more than one private key"),
        ("old.key", old.to_owned(), "openssl pkcs8 -topk8"),
        ("mismatch.key", key.replace("END PRIVATE", "END EC PRIVATE"), "another block"),
        (
            "junk.key",
            "-----BEGIN PRIVATE KEY-----\nMAMC\nAQU=\n-----END PRIVATE KEY-----\n".to_owned(),
            "expected ECDSA on P-256 or P-384, or RSA",
        ),
        ("wrong.key", read("p384.key"), "does not belong to the certificate"),
        ("curve.key", read("serial.key"), "does not belong to the certificate"),
    ] {
        let path = private(name, &text);
        let run = run(&service, &good.0, &path, &[]);
        assert!(run.failed().contains(words) && run.stderr.contains(&path), "{name}: {run:?}");
        assert!(!run.stderr.contains(&secret), "{name}: {run:?}");
    }
    for (path, words) in
        [("/nonexistent/key.pem", "no such file"), ("/dev/zero", "256 KiB at most"), ("/", "a directory")]
    {
        let run = run(&service, &good.0, path, &[]);
        assert!(run.failed().contains(words) && run.stderr.contains(path), "{path}: {run:?}");
    }
}

#[test]
fn a_key_that_others_may_read_is_refused_unless_that_is_allowed() {
    let service = Service::start("iot", "server");
    let certificate = file("p256.pem");
    let key = private("shared.key", &read("p256.key"));
    for mode in [0o640, 0o604, 0o644, 0o660, 0o602] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a mode");
        let refused = run(&service, &certificate, &key, &[]);
        assert!(refused.failed().contains("chmod 600"), "{mode:o}: {refused:?}");
        assert!(run(&service, &certificate, &key, &["--allow-shared-key"]).ok().contains("ASIA"));
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a mode");
        assert!(run(&service, &certificate, &key, &[]).ok().contains("ASIA"), "{mode:o}");
    }
}

#[test]
fn a_pipe_that_has_no_writer_is_not_waited_for() {
    let service = Service::start("iot", "server");
    let pipe = folder().join("pipe");
    let _ = std::fs::remove_file(&pipe);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let run = run(&service, &file("p256.pem"), pipe.to_str().expect("text"), &[]);
    assert!(run.failed().contains("private key"), "{run:?}");
    assert!(run.took < Duration::from_secs(13), "{run:?}");
}

struct Written<'a>(&'a mut Vec<u8>);

impl rolecall::core::wire::Put for Written<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn openssl(arguments: &[&str]) {
    let output = std::process::Command::new("openssl").args(arguments).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_encryption_that_costs_too_much_or_is_not_supported_is_refused_at_once() {
    let service = Service::start("iot", "server");
    let (certificate, plain) = (file("p256.pem"), file("p256.key"));
    let right = private("pass", PASSPHRASE);
    for (name, options, words) in [
        ("pbes1", &["-v1", "PBE-SHA1-3DES"][..], "not supported: expected PBES2 with AES"),
        ("des3", &["-v2", "des3"], "not supported: expected PBES2 with AES"),
        ("sha1", &["-v2", "aes128", "-v2prf", "hmacWithSHA1"], "over SHA-1"),
        (
            "iterations",
            &["-v2", "aes256", "-iter", "6000000"],
            "6000000 iterations of PBKDF2: expected 5000000",
        ),
        ("scrypt-r", &["-scrypt", "-outform", "DER"], "scrypt of N 16384, r 127, p 1"),
        ("scrypt-p", &["-scrypt", "-scrypt_p", "17"], "p 17"),
        ("scrypt", &["-scrypt"], ""),
        ("usual", &["-v2", "aes256", "-iter", "100000"], ""),
    ] {
        let path = folder().join(format!("{name}.costly.key")).to_str().expect("text").to_owned();
        let provider =
            if name == "pbes1" { &["-provider", "legacy", "-provider", "default"][..] } else { &[] };
        let pass = format!("pass:{PASSPHRASE}");
        openssl(
            &[&["pkcs8", "-topk8", "-in", &plain, "-passout", &pass, "-out", &path], options, provider]
                .concat(),
        );
        if name == "scrypt-r" {
            // OpenSSL makes none that takes more memory than it reads: N, r and p are changed here.
            let mut der = std::fs::read(&path).expect("a file");
            let usual = [2, 2, 0x40, 0, 2, 1, 8, 2, 1, 1];
            let at = der.windows(usual.len()).position(|part| part == usual).expect("the parameters");
            der[at + 6] = 127;
            let mut text = Vec::new();
            rolecall::core::wire::base64::encode(&der, &mut Written(&mut text));
            let text = String::from_utf8(text).expect("text");
            std::fs::write(
                &path,
                format!(
                    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{text}\n-----END ENCRYPTED PRIVATE KEY-----\n"
                ),
            )
            .expect("a file");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let run = run(&service, &certificate, &path, &["--key-passphrase-file", &right]);
        if words.is_empty() {
            assert!(run.ok().contains("ASIA"), "{name}: {run:?}");
        } else {
            assert!(run.failed().contains(words) && run.stderr.contains(&path), "{name}: {run:?}");
            assert!(run.took < Duration::from_secs(2), "{name}: {run:?}");
        }
        assert!(run.peak() < 40 << 20, "{name}: {run:?}");
    }
    std::fs::set_permissions(&right, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let run = run(&service, &certificate, &file("p256.encrypted.key"), &["--key-passphrase-file", &right]);
    assert!(run.failed().contains("other users may read this passphrase"), "{run:?}");
}

/// A key that signs with the file of another, after a while, and does not show itself.
struct Slow {
    schemes: Vec<Scheme>,
    pause: Duration,
    asked: AtomicUsize,
    file: String,
}

impl std::fmt::Debug for Slow {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("the key was asked to show itself")
    }
}

impl Key for Slow {
    fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    fn sign(&self, _: Scheme, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.pause);
        let failed = Failure { phase: Phase::Sign, kind: FailureKind::Other };
        if self.file.is_empty() {
            return Err(failed);
        }
        // OpenSSL stands for the secure element.
        let message = {
            let path = folder().join("message");
            std::fs::write(&path, message).map_err(|_| failed)?;
            path
        };
        let output = std::process::Command::new("openssl")
            .args(["dgst", "-sha256", "-sign", &self.file])
            .arg(message)
            .output()
            .map_err(|_| failed)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed) }
    }
}

fn provider(ca: &str, url: &str) -> Provider {
    let variables = [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CA_BUNDLE", ca),
        ("AWS_ENDPOINT_URL_ROLESANYWHERE", url),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ];
    Provider::from_environment(&Environment::from_iter(variables)).expect("a provider")
}

#[test]
fn a_key_in_a_secure_element_signs_without_being_shown() {
    const ARN: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012";
    let (iot, anywhere) = (Service::start("iot", "server"), Service::start("anywhere", "server"));
    let (ca, url) = (file("root.pem"), format!("https://{}", anywhere.authority()));
    let slow = |schemes: &[Scheme], file: String| {
        let pause = Duration::from_millis(1_100);
        Arc::new(Slow { schemes: schemes.to_vec(), pause, asked: AtomicUsize::new(0), file })
    };
    let anywhere_role = |certificate| {
        AnywhereRole::new(
            format!("{ARN}:trust-anchor/5cf2ae0b-7a33-4e29-9d0b-cd0f5ac2b1d6"),
            format!("{ARN}:profile/0d9ae7e8-5a26-4ba1-a4c2-7ad2c6b9f26a"),
            "arn:aws:iam::123456789012:role/gateway",
            certificate,
        )
    };
    let key = slow(&[Scheme::EcdsaP256Sha256], file("p256.key"));
    let certificate = ClientCertificate::with_key(file("p256.pem"), key.clone()).ca_file(&ca);
    assert!(!format!("{certificate:?}").is_empty());
    let start = Instant::now();
    let device = provider(&ca, &url).session(IotRole::new(iot.authority(), "gateways", certificate.clone()));
    assert!(device.credentials().expect("credentials").access_key_id().starts_with("ASIA"));
    let agent = provider(&ca, &url).session(anywhere_role(certificate));
    assert!(agent.credentials().expect("credentials").access_key_id().starts_with("ASIA"));
    assert_eq!(key.asked.load(Ordering::Relaxed), 2);
    assert!(start.elapsed() > Duration::from_millis(2_200));

    // A key that does not sign, and one of another kind than the certificate.
    for (key, words) in [
        (slow(&[Scheme::EcdsaP256Sha256], String::new()), "signing with the private key"),
        (slow(&[Scheme::RsaPkcs1Sha256], file("rsa2048.key")), "there is no key for such a signature"),
    ] {
        let certificate = ClientCertificate::with_key(file("p256.pem"), key);
        let error =
            provider(&ca, &url).session(anywhere_role(certificate)).credentials().expect_err("an error");
        assert!(error.to_string().contains(words), "{error}");
    }
    let other = slow(&[Scheme::EcdsaP256Sha256], file("serial.key"));
    let certificate = ClientCertificate::with_key(file("p256.pem"), other).ca_file(&ca);
    let error = provider(&ca, &url).session(IotRole::new(iot.authority(), "gateways", certificate));
    let error = error.credentials().expect_err("an error").to_string();
    assert!(
        error.contains("does not belong to the certificate") || error.contains("may not accept it"),
        "{error}"
    );
}
