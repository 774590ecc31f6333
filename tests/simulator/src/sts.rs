//! STS: AssumeRole and GetCallerIdentity.

use crate::clock::{self, Seconds};
use crate::config::{Principal, Role, account_and_name, is_name};
use crate::events::Service;
use crate::http::{Request, Response};
use crate::keys::Identity;
use crate::markup::xml_text;
use crate::server::Answer;
use crate::state::State;
use crate::verify::{MAX_SKEW, Refusal, Verdict, parameters, verify};
use std::collections::BTreeMap;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const VERSION: &str = "2011-06-15";
const DEFAULT_DURATION: Seconds = 3600;
/// The maximum session duration for role chaining: a role session that assumes a role.
const CHAINED_DURATION: Seconds = 3600;

type Parameters = BTreeMap<String, String>;

struct Error {
    status: u16,
    code: &'static str,
    message: String,
}

fn error(status: u16, code: &'static str, message: impl Into<String>) -> Error {
    let message = message.into();
    Error { status, code, message }
}

pub(crate) fn answer(state: &State, request: &Request, id: &str) -> Answer {
    let mut sent = parameters(request.query().as_bytes());
    if request.method == "POST" {
        sent.extend(parameters(&request.body));
    }
    let count = sent.len();
    let parameters: Parameters = sent.into_iter().collect();
    let operation = match parameters.get("Action").map(String::as_str) {
        Some("AssumeRole") => "AssumeRole",
        Some("GetCallerIdentity") => "GetCallerIdentity",
        _ => "Unknown",
    };
    let Verdict { access_key_id, caller } = verify(state, Service::Sts, request);
    let result = caller.map_err(Error::from).and_then(|caller| {
        if request.path() != "/" || !matches!(request.method.as_str(), "GET" | "POST") {
            let message = "STS answers POST and GET of / only.";
            return Err(error(404, "UnknownOperationException", message));
        }
        if count != parameters.len() {
            return Err(error(400, "ValidationError", "A parameter is repeated."));
        }
        let version = parameters.get("Version").map_or("", String::as_str);
        match operation {
            "AssumeRole" if version == VERSION => assume_role(state, &caller.identity, &parameters),
            "GetCallerIdentity" if version == VERSION => Ok(get_caller_identity(&caller.identity)),
            _ => {
                let action = parameters.get("Action").map_or("", String::as_str);
                let message = format!("Could not find operation {action} for version {version}");
                Err(error(400, "InvalidAction", message))
            }
        }
    });
    let (status, code, document) = match result {
        Ok(result) => (200, "OK", success(operation, &result, id)),
        Err(error) => (error.status, error.code, failure(&error, id)),
    };
    Answer { response: Response::new(status, "text/xml", document), operation, code, access_key_id }
}

fn get_caller_identity(caller: &Identity) -> String {
    let Identity { arn, user_id, account, .. } = caller;
    format!("    <Arn>{arn}</Arn>\n    <UserId>{user_id}</UserId>\n    <Account>{account}</Account>\n")
}

fn assume_role(state: &State, caller: &Identity, parameters: &Parameters) -> Result<String, Error> {
    const KNOWN: [&str; 6] =
        ["Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"];
    if let Some(name) = parameters.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let message = format!("The simulator does not know the parameter {name}.");
        return Err(error(400, "ValidationError", message));
    }
    let role_arn = required(parameters, "RoleArn", "roleArn")?;
    let session_name = required(parameters, "RoleSessionName", "roleSessionName")?;
    if !is_name(session_name, 2, 64) {
        let message = "2 to 64 characters of [\\w+=,.@-]";
        return Err(invalid(session_name, "roleSessionName", message));
    }
    let duration = match parameters.get("DurationSeconds") {
        None => DEFAULT_DURATION,
        Some(text) => match text.parse() {
            Ok(duration @ 900..=43_200) => duration,
            _ => return Err(invalid(text, "durationSeconds", "a number of 900 to 43200")),
        },
    };
    if account_and_name(role_arn, "role").is_none() {
        let message = format!("{role_arn} is invalid");
        return Err(error(400, "ValidationError", message));
    }
    let role = state.config.roles.iter().find(|role| role.arn == *role_arn);
    let external_id = parameters.get("ExternalId");
    let Some(role) = role.filter(|role| trusts(state, role, caller, external_id)) else {
        let caller = &caller.arn;
        let message =
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}");
        return Err(error(403, "AccessDenied", message));
    };
    if caller.session && duration > CHAINED_DURATION {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles \
                       assumed by role chaining";
        return Err(error(400, "ValidationError", message));
    }
    if duration > Seconds::from(role.max_session_duration) {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(error(400, "ValidationError", message));
    }
    let session = state.keys.role_session(role_arn, session_name);
    let issued = state.keys.issue(session, state.clock.now(), duration);
    Ok(format!(
        "    <AssumedRoleUser>\n      <AssumedRoleId>{}</AssumedRoleId>\n      <Arn>{}</Arn>\n    \
         </AssumedRoleUser>\n    <Credentials>\n      <AccessKeyId>{}</AccessKeyId>\n      \
         <SecretAccessKey>{}</SecretAccessKey>\n      <SessionToken>{}</SessionToken>\n      \
         <Expiration>{}</Expiration>\n    </Credentials>\n",
        issued.identity.user_id,
        issued.identity.arn,
        issued.access_key_id,
        issued.secret_access_key,
        issued.session_token.as_deref().unwrap_or_default(),
        clock::rfc3339(issued.expires.unwrap_or_default()),
    ))
}

fn trusts(state: &State, role: &Role, caller: &Identity, external_id: Option<&String>) -> bool {
    let trusted = role.trusts.iter().any(|principal| match principal {
        Principal::Host => [state.instance_role_arn(), state.container_role_arn()].contains(&caller.iam_arn),
        Principal::Account(account) => *account == caller.account,
        Principal::Arn(arn) => *arn == caller.iam_arn,
    });
    // As in a trust policy's condition, an external id that is not required is ignored.
    trusted && (role.external_id.is_none() || role.external_id.as_ref() == external_id)
}

fn required<'a>(parameters: &'a Parameters, name: &str, member: &str) -> Result<&'a String, Error> {
    let missing = || {
        let message = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
             Member must not be null"
        );
        error(400, "ValidationError", message)
    };
    parameters.get(name).ok_or_else(missing)
}

fn invalid(value: &str, member: &str, constraint: &str) -> Error {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must be {constraint}"
    );
    error(400, "ValidationError", message)
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let mismatch = |message: String| error(403, "SignatureDoesNotMatch", message);
        let date = clock::amz_date;
        match refusal {
            Refusal::Unauthenticated => {
                let message = "Request is missing Authentication Token";
                error(403, "MissingAuthenticationToken", message)
            }
            Refusal::TwoSignatures => {
                let message = "Both a header and the query carry a signature.";
                error(400, "IncompleteSignature", message)
            }
            Refusal::Malformed { reason, .. } => error(400, "IncompleteSignature", reason),
            Refusal::ExpiresOutOfRange => {
                let message = "X-Amz-Expires must be 1 to 604800 seconds.";
                error(400, "IncompleteSignature", message)
            }
            Refusal::UnknownKey | Refusal::MissingToken | Refusal::WrongToken => {
                let message = "The security token included in the request is invalid.";
                error(403, "InvalidClientTokenId", message)
            }
            Refusal::ExpiredCredentials => {
                let message = "The security token included in the request is expired";
                error(403, "ExpiredToken", message)
            }
            Refusal::Skewed { sent, now } if sent > now => mismatch(format!(
                "Signature not yet current: {} is still later than {} ({} + 5 min.)",
                date(sent),
                date(now + MAX_SKEW),
                date(now)
            )),
            Refusal::Skewed { sent, now } => mismatch(format!(
                "Signature expired: {} is now earlier than {} ({} - 5 min.)",
                date(sent),
                date(now - MAX_SKEW),
                date(now)
            )),
            Refusal::NotYetValid => mismatch("Signature not yet current.".into()),
            Refusal::ExpiredRequest { sent, expires, now } => mismatch(format!(
                "Signature expired: {} was valid until {}; it is now {}",
                date(sent),
                date(expires),
                date(now)
            )),
            Refusal::HeadersNotSigned(names) => {
                mismatch(format!("'{names}' must be a 'SignedHeader' in the AWS Authorization."))
            }
            // Only S3 returns the three payload refusals.
            Refusal::WrongSignature
            | Refusal::MissingPayloadHash
            | Refusal::InvalidPayloadHash
            | Refusal::StreamingPayload
            | Refusal::WrongPayload { .. } => mismatch(
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method. Consult the service \
                 documentation for details."
                    .into(),
            ),
        }
    }
}

fn success(operation: &str, result: &str, id: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\">\n  <{operation}Result>\n{result}  \
         </{operation}Result>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  \
         </ResponseMetadata>\n</{operation}Response>\n"
    )
}

fn failure(error: &Error, id: &str) -> String {
    let (code, message) = (error.code, xml_text(&error.message));
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>Sender</Type>\n    \
         <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  \
         <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
    )
}
