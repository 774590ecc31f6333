//! Credentials by a private key that is in a PKCS#11 token - a smart card, a TPM, a hardware security module - and stays
//! there: from AWS IoT, or from IAM Roles Anywhere. MODULE is the library of the token's maker.
//!
//! ```sh
//! read -rs PKCS11_PIN && export PKCS11_PIN
//! cargo run -p rolecall --example pkcs11_key -- MODULE LABEL CERTIFICATE ENDPOINT ROLE_ALIAS
//! cargo run -p rolecall --example pkcs11_key -- MODULE LABEL CERTIFICATE TRUST_ANCHOR_ARN PROFILE_ARN ROLE_ARN
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::sigv4::Hasher;
use rolecall::core::wire::Put;
use rolecall::core::wire::x509::Scheme;
use rolecall::{AnywhereRole, ClientCertificate, Environment, IotRole, Key, Provider, Session};

const USAGE: &str = "usage: PKCS11_PIN=... pkcs11_key MODULE LABEL CERTIFICATE ENDPOINT ROLE_ALIAS
       PKCS11_PIN=... pkcs11_key MODULE LABEL CERTIFICATE TRUST_ANCHOR_ARN PROFILE_ARN ROLE_ARN";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&Environment::process(), &arguments) {
        Ok(access_key_id) => println!("{access_key_id}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// Takes the environment as an argument, so that a test can set the variables.
pub(crate) fn run(environment: &Environment, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let [module, label, certificate, service @ ..] = arguments else { return Err(USAGE.into()) };
    // Not an argument, because other users can read those.
    let pin = AuthPin::from(environment.get("PKCS11_PIN").ok_or(USAGE)?);
    let key = || TokenKey::open(module, &pin, label);
    let client = || key().map(|key| ClientCertificate::with_key(*certificate, Arc::new(key)));
    let session: Session = match *service {
        [endpoint, role_alias] => IotRole::new(endpoint, role_alias, client()?).into(),
        [trust_anchor, profile, role] => AnywhereRole::new(trust_anchor, profile, role, client()?).into(),
        _ => return Err(USAGE.into()),
    };
    let device = Provider::from_environment(environment)?.session(session);
    Ok(device.credentials()?.access_key_id().to_owned())
}

/// A private key in a token.
#[derive(Debug)]
struct TokenKey {
    /// Threads take turns: a session signs one message at a time.
    session: Mutex<cryptoki::session::Session>,
    key: ObjectHandle,
    schemes: &'static [Scheme],
}

impl TokenKey {
    /// Logs in to the token of `module`, and finds the private key that has this label.
    fn open(module: &str, pin: &AuthPin, label: &str) -> Result<Self, Box<dyn Error>> {
        let pkcs11 = Pkcs11::new(module).map_err(|error| format!("{module}: {error}"))?;
        pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
        let slots = pkcs11.get_slots_with_initialized_token()?;
        // A token locks itself after a few wrong PINs, so that the PIN is not tried at several.
        let [slot] = slots[..] else {
            return Err(format!("{module}: expected one token, found {}", slots.len()).into());
        };
        let session = pkcs11.open_ro_session(slot)?;
        session
            .login(UserType::User, Some(pin))
            .map_err(|error| format!("{module}: the token does not accept the PIN: {error}"))?;

        let wanted = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(label.into())];
        let keys = session.find_objects(&wanted)?;
        let [key] = keys[..] else {
            let found = keys.len();
            return Err(format!("{module}: {label:?}: expected one private key, found {found}").into());
        };
        let kind = session.get_attributes(key, &[AttributeType::KeyType, AttributeType::EcParams])?;
        let schemes: &[Scheme] = if kind.contains(&Attribute::KeyType(KeyType::RSA)) {
            &[Scheme::RsaPssSha256, Scheme::RsaPkcs1Sha256]
        } else if kind.contains(&Attribute::EcParams(P256.to_vec())) {
            &[Scheme::EcdsaP256Sha256]
        } else {
            return Err(format!("{module}: {label:?}: expected a key of RSA, or of ECDSA on P-256").into());
        };
        Ok(Self { session: Mutex::new(session), key, schemes })
    }
}

impl Key for TokenKey {
    fn schemes(&self) -> &[Scheme] {
        self.schemes
    }

    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let failed = |kind| Failure { phase: Phase::Sign, kind };
        let sign = |mechanism, data: &[u8]| {
            let session = self.session.lock().map_err(|_| failed(FailureKind::Other))?;
            session.sign(&mechanism, self.key, data).map_err(|_| failed(FailureKind::Other))
        };
        match scheme {
            // Hashed here: fewer tokens have the mechanism that does both.
            Scheme::EcdsaP256Sha256 => {
                let mut hasher = Hasher::new();
                hasher.put(message);
                in_der(&sign(Mechanism::Ecdsa, &hasher.finish())?).ok_or(failed(FailureKind::Other))
            }
            Scheme::RsaPssSha256 => {
                let (hash_alg, mgf) = (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256);
                let params = PkcsPssParams { hash_alg, mgf, s_len: 32.into() };
                sign(Mechanism::Sha256RsaPkcsPss(params), message)
            }
            Scheme::RsaPkcs1Sha256 => sign(Mechanism::Sha256RsaPkcs, message),
            _ => Err(failed(FailureKind::Unsupported)),
        }
    }
}

/// The object identifier of P-256 in DER, 1.2.840.10045.3.1.7.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A signature on P-256 in DER, which tokens give as two numbers of 32 bytes; `None` if it is of another length.
pub(crate) fn in_der(raw: &[u8]) -> Option<Vec<u8>> {
    let raw: &[u8; 64] = raw.try_into().ok()?;
    let mut numbers = Vec::new();
    for number in raw.chunks(32) {
        let mut digits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        // The first bit is the sign.
        if digits.first().is_none_or(|byte| *byte >= 0x80) {
            digits.insert(0, 0);
        }
        numbers.extend([0x02, digits.len() as u8]);
        numbers.extend(digits);
    }
    // At most 70 bytes, so that one byte has the length.
    Some([&[0x30, numbers.len() as u8], &numbers[..]].concat())
}
