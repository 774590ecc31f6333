//! Access keys: their format, their owners, and the issued ones.
//!
//! Randomness comes from `RandomState`, whose SipHash keys come from the operating system: it differs at
//! each start, cannot fail, and needs no dependency. These keys are only valid for this simulator.

use crate::clock::Seconds;
use crate::config::{HostKey, User, account_and_name};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The maximum number of issued keys; older ones are dropped and become unknown.
const KEPT: usize = 4096;

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8] = b"0123456789abcdef";

/// The owner of a key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub account: String,
    /// The ARN that GetCallerIdentity returns: of the user, or of the role session.
    pub arn: String,
    pub user_id: String,
    /// The ARN of the user or role itself, as a trust policy names it.
    pub iam_arn: String,
    /// Whether this is a role session, whose keys are temporary.
    pub session: bool,
}

pub(crate) struct Issued {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
    pub issued: Seconds,
    pub expires: Option<Seconds>,
    pub identity: Identity,
}

pub(crate) struct KeyRing {
    token_length: usize,
    /// Keys served to hosts in place of generated ones.
    given: Vec<HostKey>,
    /// Generates ids that are stable per name while the simulator runs.
    ids: RandomState,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    known: HashMap<String, Arc<Issued>>,
    /// The temporary ones, oldest first.
    order: VecDeque<String>,
    /// How many of the given keys were served.
    served: usize,
    /// The keys that a metadata or container endpoint currently serves, by session ARN.
    current: HashMap<String, Arc<Issued>>,
}

impl KeyRing {
    pub(crate) fn new(users: &[User], given: &[HostKey], token_length: usize, now: Seconds) -> Self {
        let given = given.to_vec();
        let ring = Self { token_length, given, ids: RandomState::new(), keys: Mutex::default() };
        for user in users {
            let account = account_and_name(&user.arn, "user").map_or("", |(account, _)| account);
            let issued = Issued {
                access_key_id: user.access_key_id.clone(),
                secret_access_key: user.secret_access_key.clone(),
                session_token: None,
                issued: now,
                expires: None,
                identity: Identity {
                    account: account.to_owned(),
                    arn: user.arn.clone(),
                    user_id: ring.unique_id("AIDA", &user.arn),
                    iam_arn: user.arn.clone(),
                    session: false,
                },
            };
            let mut keys = ring.lock();
            keys.known.insert(user.access_key_id.clone(), Arc::new(issued));
        }
        ring
    }

    pub(crate) fn find(&self, access_key_id: &str) -> Option<Arc<Issued>> {
        self.lock().known.get(access_key_id).cloned()
    }

    /// Issues new temporary keys for a session.
    pub(crate) fn issue(&self, identity: Identity, now: Seconds, lifetime: Seconds) -> Arc<Issued> {
        let issued = Arc::new(self.temporary(identity, now, lifetime));
        self.lock().remember(&issued);
        issued
    }

    /// The keys that a host's endpoint serves: the same until they are rotated.
    pub(crate) fn current(&self, identity: Identity, now: Seconds, lifetime: Seconds) -> Arc<Issued> {
        let rotation = (lifetime / 2).min(300);
        let mut keys = self.lock();
        if let Some(held) = keys.current.get(&identity.arn)
            && held.expires.is_some_and(|expires| expires - now > rotation)
        {
            return Arc::clone(held);
        }
        let mut issued = self.temporary(identity, now, lifetime);
        if let Some(given) = self.given.get(keys.served % self.given.len().max(1)) {
            issued.access_key_id = given.access_key_id.clone();
            issued.secret_access_key = given.secret_access_key.clone();
            issued.session_token = Some(given.session_token.clone());
            keys.served += 1;
        }
        let issued = Arc::new(issued);
        keys.remember(&issued);
        keys.current.insert(issued.identity.arn.clone(), Arc::clone(&issued));
        issued
    }

    /// The identity of a role session. The ARN has the format `arn:aws:iam::ACCOUNT:role/NAME`.
    pub(crate) fn role_session(&self, role_arn: &str, session_name: &str) -> Identity {
        let (account, role) = account_and_name(role_arn, "role").unwrap_or_default();
        Identity {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session_name}"),
            user_id: format!("{}:{session_name}", self.unique_id("AROA", role_arn)),
            iam_arn: role_arn.to_owned(),
            session: true,
        }
    }

    fn unique_id(&self, prefix: &str, name: &str) -> String {
        format!("{prefix}{}", chars(&self.ids, name, UPPER, 17))
    }

    fn temporary(&self, identity: Identity, now: Seconds, lifetime: Seconds) -> Issued {
        Issued {
            access_key_id: format!("ASIA{}", random(UPPER, 16)),
            secret_access_key: random(BASE64, 40),
            session_token: Some(session_token(self.token_length)),
            issued: now,
            expires: Some(now + lifetime),
            identity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn remember(&mut self, issued: &Arc<Issued>) {
        if self.order.len() == KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(issued.access_key_id.clone());
        self.known.insert(issued.access_key_id.clone(), Arc::clone(issued));
    }
}

/// Whether a text has the format of an access key id, and may be logged.
pub(crate) fn is_access_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A session token in Base64, with all the characters that need escaping.
fn session_token(length: usize) -> String {
    const START: &str = "IQoJb3JpZ2luX2VjE/+";
    let middle = random(BASE64, length.saturating_sub(START.len() + 1));
    format!("{START}{middle}=")
}

pub(crate) fn metadata_token() -> String {
    format!("AQAEA{}==", random(BASE64, 49))
}

pub(crate) fn container_token() -> String {
    format!("{}/+=", random(BASE64, 40))
}

/// `xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx`
pub(crate) fn uuid() -> String {
    let hex = random(HEX, 30);
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..])
}

fn random(alphabet: &[u8], length: usize) -> String {
    chars(&RandomState::new(), "", alphabet, length)
}

fn chars(state: &RandomState, seed: &str, alphabet: &[u8], length: usize) -> String {
    let size = alphabet.len() as u64;
    (0..length).map(|place| alphabet[(state.hash_one((seed, place)) % size) as usize] as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::new(&[], &[], 4096, 0)
    }

    #[test]
    fn keys_have_the_format_of_real_ones() {
        let ring = ring();
        let role = ring.role_session("arn:aws:iam::111122223333:role/path/r", "s");
        assert_eq!(role.arn, "arn:aws:sts::111122223333:assumed-role/r/s");
        assert_eq!(role.user_id.len(), 4 + 17 + 2);
        let issued = ring.issue(role, 1000, 900);
        assert!(issued.access_key_id.starts_with("ASIA") && issued.access_key_id.len() == 20);
        assert_eq!(issued.secret_access_key.len(), 40);
        let token = issued.session_token.as_deref().unwrap_or_default();
        assert_eq!(token.len(), 4096);
        assert!(['/', '+', '='].iter().all(|&c| token.contains(c)));
        assert_eq!(issued.expires, Some(1900));
        assert_eq!(uuid().len(), 36);
    }

    #[test]
    fn issued_keys_differ_and_role_ids_are_stable() {
        let ring = ring();
        let session = || ring.role_session("arn:aws:iam::111122223333:role/r", "s");
        assert_eq!(session().user_id, session().user_id);
        let (a, b) = (ring.issue(session(), 0, 900), ring.issue(session(), 0, 900));
        assert_ne!(a.access_key_id, b.access_key_id);
        assert_ne!(a.secret_access_key, b.secret_access_key);
        assert_ne!(a.session_token, b.session_token);
    }

    #[test]
    fn an_endpoint_serves_the_same_keys_until_rotation() {
        let ring = ring();
        let at = |now| {
            let session = ring.role_session("arn:aws:iam::111122223333:role/r", "s");
            ring.current(session, now, 3600).access_key_id.clone()
        };
        let first = at(0);
        assert_eq!(at(3299), first);
        let second = at(3300);
        assert_ne!(second, first);
        assert_eq!(at(3301), second);
    }

    #[test]
    fn given_keys_are_served_in_turn() {
        let key = |id: &str| HostKey {
            access_key_id: id.to_owned(),
            secret_access_key: "s".to_owned(),
            session_token: "t".to_owned(),
        };
        let ring = KeyRing::new(&[], &[key("AKIDONE0000000000"), key("AKIDTWO0000000000")], 64, 0);
        let at = |now| {
            let session = ring.role_session("arn:aws:iam::111122223333:role/r", "s");
            ring.current(session, now, 90)
        };
        let first = at(0);
        assert_eq!((first.access_key_id.as_str(), first.expires), ("AKIDONE0000000000", Some(90)));
        assert_eq!(first.session_token.as_deref(), Some("t"));
        assert_eq!(at(44).access_key_id, "AKIDONE0000000000");
        assert_eq!(at(45).access_key_id, "AKIDTWO0000000000");
        assert_eq!(at(90).access_key_id, "AKIDONE0000000000");
    }

    #[test]
    fn the_oldest_keys_are_dropped() {
        let ring = KeyRing::new(&[], &[], 64, 0);
        let session = ring.role_session("arn:aws:iam::111122223333:role/r", "s");
        let first = ring.issue(session.clone(), 0, 900).access_key_id.clone();
        assert!(ring.find(&first).is_some());
        for _ in 0..KEPT {
            ring.issue(session.clone(), 0, 900);
        }
        assert!(ring.find(&first).is_none());
        assert_eq!(ring.lock().known.len(), KEPT);
    }
}
