//! EC2 instance metadata, version 2 only.

use crate::clock::{self, Seconds};
use crate::http::{Request, Response};
use crate::keys;
use crate::markup::json_object;
use crate::server::Answer;
use crate::state::State;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const TOKEN_PATH: &str = "/latest/api/token";
const ROLES_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const REGION_PATH: &str = "/latest/meta-data/placement/region";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const LONGEST_TTL: Seconds = 21_600;
/// The maximum number of session tokens; when it is exceeded, all are dropped.
const KEPT: usize = 10_000;

/// Session tokens and their expiration.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, Seconds>>);

impl Tokens {
    fn issue(&self, now: Seconds, ttl: Seconds) -> String {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, expires| *expires > now);
        if tokens.len() >= KEPT {
            tokens.clear();
        }
        let token = keys::metadata_token();
        tokens.insert(token.clone(), now + ttl);
        token
    }

    fn is_valid(&self, token: &str, now: Seconds) -> bool {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(token).is_some_and(|expires| *expires > now)
    }
}

pub(crate) fn answer(state: &State, request: &Request) -> Answer {
    let path = request.path();
    let operation = match path {
        TOKEN_PATH => "GetToken",
        REGION_PATH => "GetRegion",
        _ if path == ROLES_PATH || path == ROLES_PATH.trim_end_matches('/') => "ListRoles",
        _ if path.starts_with(ROLES_PATH) => "GetRoleCredentials",
        _ => "Unknown",
    };
    // Like the real service, reject requests that came through a proxy.
    if request.header("x-forwarded-for").is_some() {
        return refused(operation, 403, "Forbidden");
    }
    if operation == "GetToken" {
        return get_token(state, request);
    }
    let now = state.clock.now();
    let token = request.header("x-aws-ec2-metadata-token");
    if !token.is_some_and(|token| state.metadata_tokens.is_valid(token, now)) {
        return refused(operation, 401, "Unauthorized");
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return refused(operation, 405, "MethodNotAllowed");
    }
    match operation {
        "GetRegion" => plain(operation, &state.config.region),
        "ListRoles" => plain(operation, &state.config.instance_role),
        "GetRoleCredentials" if path[ROLES_PATH.len()..] == state.config.instance_role => {
            get_role_credentials(state)
        }
        _ => refused(operation, 404, "NotFound"),
    }
}

fn get_token(state: &State, request: &Request) -> Answer {
    let operation = "GetToken";
    if request.method != "PUT" {
        return refused(operation, 405, "MethodNotAllowed");
    }
    let ttl = request.header(TTL).and_then(|ttl| ttl.parse().ok());
    match ttl {
        Some(ttl @ 1..=LONGEST_TTL) => {
            let token = state.metadata_tokens.issue(state.clock.now(), ttl);
            let mut answer = plain(operation, &token);
            answer.response = answer.response.with(TTL, ttl.to_string());
            answer
        }
        _ => refused(operation, 400, "BadRequest"),
    }
}

fn get_role_credentials(state: &State) -> Answer {
    let identity = state.instance_identity();
    let lifetime = clock::seconds(state.config.instance_lifetime);
    let issued = state.keys.current(identity, state.clock.now(), lifetime);
    let last_updated = clock::rfc3339(issued.issued);
    let expiration = clock::rfc3339(issued.expires.unwrap_or_default());
    let mut members = vec![
        ("Code", "Success"),
        ("LastUpdated", &last_updated),
        ("Type", "AWS-HMAC"),
        ("AccessKeyId", &issued.access_key_id),
        ("SecretAccessKey", &issued.secret_access_key),
        ("Token", issued.session_token.as_deref().unwrap_or_default()),
        ("Expiration", &expiration),
    ];
    if state.config.instance_account_id {
        members.push(("AccountId", &issued.identity.account));
    }
    Answer {
        // The real service uses this content type, too.
        response: Response::new(200, "text/plain", json_object(&members)),
        operation: "GetRoleCredentials",
        code: "OK",
        access_key_id: Some(issued.access_key_id.clone()),
    }
}

fn plain(operation: &'static str, text: &str) -> Answer {
    Answer { response: Response::new(200, "text/plain", text), operation, code: "OK", access_key_id: None }
}

fn refused(operation: &'static str, status: u16, code: &'static str) -> Answer {
    Answer { response: Response::html(status), operation, code, access_key_id: None }
}
