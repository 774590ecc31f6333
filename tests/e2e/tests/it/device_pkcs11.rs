//! Private keys in a PKCS#11 token: the example `pkcs11_key` with SoftHSM.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::device::{Service, file};

#[allow(dead_code, reason = "the rest of the example runs as a program")]
#[path = "../../../../adapters/std/examples/pkcs11_key.rs"]
mod pkcs11_key;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "24681357";

/// A folder with a token.
struct Token {
    folder: PathBuf,
}

impl Token {
    /// Makes a token that holds these private keys, each under its name.
    fn with(folder: &str, keys: &[&str]) -> Option<Self> {
        if !Path::new(MODULE).exists() {
            assert!(std::env::var_os("CI").is_none(), "CI is set, but softhsm2 is not installed");
            eprintln!("NOTICE: {MODULE} is missing, its tests are skipped: apt-get install softhsm2");
            return None;
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("tokens")).expect("a folder");
        let configuration = format!("directories.tokendir = {}\n", folder.join("tokens").display());
        std::fs::write(folder.join("softhsm2.conf"), configuration).expect("a file");
        let token = Self { folder };
        token.change(&["--init-token", "--free", "--label", "device", "--so-pin", "97531864"]);
        for (id, key) in keys.iter().enumerate() {
            let (path, id) = (file(&format!("{key}.key")), format!("0{id}"));
            token.change(&["--import", &path, "--token", "device", "--label", key, "--id", &id]);
        }
        Some(token)
    }

    fn change(&self, arguments: &[&str]) {
        let mut command = Command::new("softhsm2-util");
        command.args(arguments).args(["--pin", PIN]).env("SOFTHSM2_CONF", self.folder.join("softhsm2.conf"));
        let output = command.output().expect("softhsm2-util");
        assert!(output.status.success(), "{output:?}");
    }

    /// Runs the example.
    fn run(&self, pin: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pkcs11_key"));
        command.args(arguments).env_clear().envs(variables.iter().copied());
        command.env("SOFTHSM2_CONF", self.folder.join("softhsm2.conf")).env("PKCS11_PIN", pin);
        command.env("AWS_CA_BUNDLE", file("root.pem")).env("AWS_EC2_METADATA_DISABLED", "true");
        command.output().expect("the example")
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_key_in_a_token_signs_for_iot_and_for_roles_anywhere() {
    const ARN: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012";
    let Some(token) = Token::with("pkcs11-signs", &["p256", "rsa2048", "serial"]) else { return };
    let (iot, anywhere) = (Service::start("iot", "server"), Service::start("anywhere", "server"));
    let url = format!("https://{}", anywhere.authority());
    let variables = [("AWS_ENDPOINT_URL_ROLESANYWHERE", url.as_str())];
    let trust_anchor = format!("{ARN}:trust-anchor/5cf2ae0b-7a33-4e29-9d0b-cd0f5ac2b1d6");
    let profile = format!("{ARN}:profile/0d9ae7e8-5a26-4ba1-a4c2-7ad2c6b9f26a");
    let endpoint = iot.authority();
    let role = "arn:aws:iam::123456789012:role/gateway";
    let services: [(&str, &[&str]); 2] =
        [("AWS IoT: ", &[&endpoint, "gateways"]), ("IAM Roles Anywhere: ", &[&trust_anchor, &profile, role])];
    // The last two are keys of other certificates, of the same kind and of another.
    for (label, certificate, good) in [
        ("p256", "p256.pem", true),
        ("rsa2048", "rsa2048.pem", true),
        ("serial", "p256.pem", false),
        ("rsa2048", "p256.pem", false),
    ] {
        for (name, service) in services {
            let path = file(certificate);
            let output = token.run(PIN, &[&[MODULE, label, &path], service].concat(), &variables);
            let (stdout, stderr) = (&output.stdout, &output.stderr);
            assert_eq!(stdout.starts_with(b"ASIA"), good, "{label} for {certificate}: {output:?}");
            assert_eq!(stderr.starts_with(name.as_bytes()), !good, "{label} for {certificate}: {output:?}");
        }
    }
}

#[test]
fn a_token_that_does_not_give_the_key_is_named_without_the_pin() {
    let Some(token) = Token::with("pkcs11-refused", &["p256", "p384"]) else { return };
    let certificate = file("p256.pem");
    for (pin, module, label, words) in [
        ("13572468", MODULE, "p256", "does not accept the PIN"),
        ("13572468000000000000", MODULE, "p256", "does not accept the PIN"),
        (PIN, MODULE, "p25", "\"p25\": expected one private key, found 0"),
        (PIN, MODULE, "p384", "\"p384\": expected a key of RSA, or of ECDSA on P-256"),
        (PIN, "/nonexistent/module.so", "p256", "No such file"),
        ("", MODULE, "p256", "usage: PKCS11_PIN=..."),
    ] {
        let output = token.run(pin, &[module, label, &certificate, "localhost:1", "gateways"], &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        assert!(stderr.contains(words) && (pin.is_empty() || stderr.contains(module)), "{output:?}");
        assert!(pin.is_empty() || !stderr.contains(pin), "{output:?}");
    }
    for more in [&[][..], &["localhost:1"], &["1", "2", "3", "4"]] {
        let output = token.run(PIN, &[&[MODULE, "p256", &certificate], more].concat(), &[]);
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("usage: "), "{output:?}");
    }
}

#[test]
fn two_numbers_are_written_in_der() {
    let raw = |r: &[u8], s: &[u8]| {
        let number = |digits: &[u8]| [&[0; 32][digits.len()..], digits].concat();
        [number(r), number(s)].concat()
    };
    let full = [0xff; 32];
    let longest = [&[0x30, 70, 2, 33, 0][..], &full, &[2, 33, 0], &full].concat();
    for (r, s, der) in [
        (&[0x7f][..], &[0x80][..], &[0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80][..]),
        (&[1, 0], &[], &[0x30, 7, 2, 2, 1, 0, 2, 1, 0]),
        (&full, &full, &longest),
    ] {
        assert_eq!(pkcs11_key::in_der(&raw(r, s)).as_deref(), Some(der));
    }
    for length in [0, 63, 65, 96] {
        assert_eq!(pkcs11_key::in_der(&vec![1; length]), None);
    }
}
