//! The credentials endpoint of a container agent.

use crate::clock;
use crate::http::{Request, Response};
use crate::markup::json_object;
use crate::server::Answer;
use crate::state::State;

const OPERATION: &str = "GetCredentials";
const PREFIX: &str = "/v2/credentials/";

/// The path of the credentials.
pub(crate) fn path(state: &State) -> String {
    format!("{PREFIX}{}", state.container_id)
}

pub(crate) fn answer(state: &State, request: &Request) -> Answer {
    let Some(id) = request.path().strip_prefix(PREFIX) else {
        return refused(404, "NotFound", "404 page not found");
    };
    if request.method != "GET" {
        return refused(405, "MethodNotAllowed", "Only GET is allowed.");
    }
    if let Some(token) = &state.config.container_token
        && !request.headers("authorization").eq([token.as_str()])
    {
        return refused(401, "AccessDenied", "The authorization token is missing or wrong.");
    }
    if id != state.container_id {
        return refused(400, "InvalidIdInRequest", "No credentials have this id.");
    }
    let lifetime = clock::seconds(state.config.container_lifetime);
    let now = state.clock.now();
    let issued = state.keys.current(state.container_identity(), now, lifetime);
    let document = json_object(&[
        ("RoleArn", &issued.identity.iam_arn),
        ("AccessKeyId", &issued.access_key_id),
        ("SecretAccessKey", &issued.secret_access_key),
        ("Token", issued.session_token.as_deref().unwrap_or_default()),
        ("Expiration", &clock::rfc3339(issued.expires.unwrap_or_default())),
    ]);
    Answer {
        response: Response::new(200, "application/json", document),
        operation: OPERATION,
        code: "OK",
        access_key_id: Some(issued.access_key_id.clone()),
    }
}

fn refused(status: u16, code: &'static str, message: &str) -> Answer {
    let document = json_object(&[("code", code), ("message", message)]);
    Answer {
        response: Response::new(status, "application/json", document),
        operation: OPERATION,
        code,
        access_key_id: None,
    }
}
