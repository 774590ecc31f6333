//! Cognito: sign-in and its challenges, identities, and their credentials.

use crate::common::{START, World, content, ok, reply};
use rolecall_core::call::{Call, Service};
use rolecall_core::error::{Error, ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::cognito::{
    Client, CredentialsForIdentity, Identity, Logins, OpenIdToken, Password, SignIn,
};
use rolecall_core::sources::sts::AssumeRoleWithWebIdentityRequest;
use rolecall_core::sources::{IdentityToken, Unsigned};

const POOL: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
const ID: &str = "eu-west-1:d68b413e-0000-4000-8000-0123456789ab";
const USERS: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi";
const INITIATE: &str = "X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth\r\n";
const RESPOND: &str = "X-Amz-Target: AWSCognitoIdentityProviderService.RespondToAuthChallenge\r\n";
const GET_ID: &str = "X-Amz-Target: AWSCognitoIdentityService.GetId\r\n";
const CREDENTIALS: &str = "X-Amz-Target: AWSCognitoIdentityService.GetCredentialsForIdentity\r\n";
const TOKEN: &str = "X-Amz-Target: AWSCognitoIdentityService.GetOpenIdToken\r\n";

fn users() -> Service<'static> {
    Service::new(Endpoint::parse("https://cognito-idp.eu-west-1.amazonaws.com").unwrap(), "eu-west-1")
}

fn identities() -> Service<'static> {
    Service::new(Endpoint::parse("https://cognito-identity.eu-west-1.amazonaws.com").unwrap(), "eu-west-1")
}

fn client(secret: Option<&'static str>) -> Client<'static> {
    Client::new("3n4b5urk1ft4fl3mg5e62d9ado", "ada").with_secret(secret)
}

fn sign_in<'c>(password: Password<'c>) -> SignIn<'c> {
    SignIn::sending(users(), client(None), password)
}

const GIVEN: Password<'static> = Password::Given("correct horse battery staple");
const ASKED: Password<'static> = Password::Asked("Password of ada: ");

fn tokens(id: &str, refresh: Option<&str>) -> String {
    let refresh = refresh.map_or(String::new(), |token| format!(r#""RefreshToken":"{token}","#));
    format!(
        r#"{{"AuthenticationResult":{{"AccessToken":"access","ExpiresIn":3600,{refresh}"IdToken":"{id}","TokenType":"Bearer"}},"ChallengeParameters":{{}}}}"#
    )
}

fn challenge(name: &str, more: &str) -> String {
    format!(
        r#"{{"ChallengeName":"{name}","Session":"session-of-{name}","ChallengeParameters":{{"USER_ID_FOR_SRP":"sub-of-ada"{more}}}}}"#
    )
}

fn refused(code: &str, message: &str) -> crate::common::Act {
    reply(400, format!(r#"{{"__type":"com.amazonaws.cognito#{code}","message":"{message}"}}"#))
}

/// The id token of a sign-in, as it is sent to an identity pool.
fn token(world: &mut World, sign_in: &mut SignIn<'_>) -> Result<String, Error> {
    world.run(sign_in)?;
    world.on(GET_ID, ok(format!(r#"{{"IdentityId":"{ID}"}}"#)));
    let mut ready = Identity::in_pool(Kept, identities(), POOL, Logins::of(USERS));
    world.run(&mut ready)?;
    let body = world.needs.last().unwrap().body().to_owned();
    let (_, rest) = body.split_once(&format!(r#""{USERS}":""#)).expect("a login");
    Ok(rest.split('"').next().unwrap().to_owned())
}

/// A base flow that leaves the slot unchanged.
struct Kept;

impl<'c> rolecall_core::flow::Flow<'c> for Kept {
    type Output = rolecall_core::flow::Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(
        &mut self,
        _: &mut rolecall_core::flow::Context<'_>,
        _: &mut rolecall_core::flow::Memory<'_, '_>,
    ) -> rolecall_core::flow::Step<'c, Self::Output> {
        let lease = rolecall_core::flow::Lease::ENDLESS;
        rolecall_core::flow::Step::Done(Ok(lease))
    }

    fn answer(
        &mut self,
        _: &mut rolecall_core::flow::Context<'_>,
        _: &mut rolecall_core::flow::Memory<'_, '_>,
        _: rolecall_core::flow::Answer<'_>,
    ) {
    }

    fn restart(&mut self) {}
}

#[test]
fn a_password_is_sent_once_and_yields_the_id_token() {
    let mut world = World::new();
    world.on(INITIATE, ok(tokens("id.token", Some("refresh"))));
    assert_eq!(token(&mut world, &mut sign_in(GIVEN)).unwrap(), "id.token");
    let recorded = &world.needs[0];
    assert_eq!(
        recorded.body(),
        r#"{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"3n4b5urk1ft4fl3mg5e62d9ado","AuthParameters":{"USERNAME":"ada","PASSWORD":"correct horse battery staple"}}"#
    );
    assert_eq!(recorded.header("authorization"), None, "the request is signed");
    assert_eq!(recorded.header("content-type"), Some("application/x-amz-json-1.1"));
}

#[test]
fn the_lease_ends_with_the_token() {
    let mut world = World::new();
    world.on(INITIATE, ok(tokens("id.token", None)));
    let lease = world.run(&mut sign_in(GIVEN)).unwrap();
    assert_eq!(lease.lifetime_ms, Some(3_600_000));
    assert!(lease.expiration.unwrap().as_secs() - START < 3_700);
}

#[test]
fn an_unknown_password_is_prompted_for_without_echo() {
    let mut world = World::new();
    world.on("HIDDEN PROMPT Password of ada: ", content("typed\n")).on(INITIATE, ok(tokens("id", None)));
    assert_eq!(token(&mut world, &mut sign_in(ASKED)).unwrap(), "id");
    assert!(world.needs[1].body().contains(r#""PASSWORD":"typed""#));
}

#[test]
fn a_missing_terminal_is_reported() {
    let mut world = World::new();
    world.on("HIDDEN PROMPT", crate::common::Act::Fail(Phase::Prompt, FailureKind::Unsupported));
    let error = world.run(&mut sign_in(ASKED)).unwrap_err();
    assert_eq!((error.origin, error.step), (Origin::UserPool, "sign-in"));
    assert!(error.to_string().contains("terminal"), "{error}");
}

#[test]
fn every_supported_challenge_is_prompted_for_and_answered() {
    for (name, question, member) in [
        ("NEW_PASSWORD_REQUIRED", "HIDDEN PROMPT New password: ", "NEW_PASSWORD"),
        ("SOFTWARE_TOKEN_MFA", "PROMPT Code of the authenticator app: ", "SOFTWARE_TOKEN_MFA_CODE"),
        ("SMS_MFA", "PROMPT Code that came by SMS: ", "SMS_MFA_CODE"),
        ("EMAIL_OTP", "PROMPT Code that came by e-mail: ", "EMAIL_OTP_CODE"),
    ] {
        let mut world = World::new();
        world.on(INITIATE, ok(challenge(name, r#","requiredAttributes":"[]""#)));
        world.on(question, content("123456\n")).on(RESPOND, ok(tokens("id", None)));
        let mut flow = SignIn::sending(users(), client(Some("client secret")), GIVEN);
        assert_eq!(token(&mut world, &mut flow).unwrap(), "id", "{name}");
        let body = world.needs[2].body();
        let wanted = format!(
            r#"{{"ChallengeName":"{name}","ClientId":"3n4b5urk1ft4fl3mg5e62d9ado","Session":"session-of-{name}","ChallengeResponses":{{"USERNAME":"sub-of-ada","{member}":"123456","SECRET_HASH":"#
        );
        assert!(body.starts_with(&wanted), "{body}");
    }
}

#[test]
fn successive_challenges_are_answered() {
    let mut world = World::new();
    world.on(INITIATE, ok(challenge("NEW_PASSWORD_REQUIRED", "")));
    world.on("New password", content("a new one")).on(RESPOND, ok(challenge("SMS_MFA", "")));
    world.on("by SMS", content("1")).on(RESPOND, ok(tokens("id", None)));
    assert_eq!(token(&mut world, &mut sign_in(GIVEN)).unwrap(), "id");
    assert!(world.needs[4].body().contains(r#""Session":"session-of-SMS_MFA""#), "not the latest session");
    assert!(!world.needs[4].body().contains("a new one"), "an answer is sent twice");
}

#[test]
fn an_unsupported_challenge_is_reported_by_name() {
    let mut world = World::new();
    world.on(INITIATE, ok(challenge("SELECT_CHALLENGE", "")));
    let error = world.run(&mut sign_in(GIVEN)).unwrap_err();
    assert!(error.to_string().contains("ChallengeName"), "{error}");
    assert_eq!(world.report.code(), "SELECT_CHALLENGE");
    // A name that contains the password is redacted.
    let mut world = World::new();
    world.on(INITIATE, ok(challenge("not-with-correct horse battery staple", "")));
    world.run(&mut sign_in(GIVEN)).unwrap_err();
    assert!(world.report.is_empty(), "{}", world.report);
}

#[test]
fn missing_required_attributes_are_an_error() {
    let mut world = World::new();
    let more = r#","requiredAttributes":"[\"userAttributes.email\"]""#;
    world.on(INITIATE, ok(challenge("NEW_PASSWORD_REQUIRED", more)));
    let error = world.run(&mut sign_in(GIVEN)).unwrap_err();
    assert!(error.to_string().contains("requiredAttributes"), "{error}");
}

#[test]
fn the_number_of_challenges_is_limited() {
    let mut world = World::new();
    world.always(
        |recorded| if recorded.contains("PROMPT") { content("1") } else { ok(challenge("SMS_MFA", "")) },
    );
    let error = world.run(&mut sign_in(GIVEN)).unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
    assert!(world.needs.len() < 20);
}

#[test]
fn an_error_reply_is_reported_with_its_code_and_without_the_password() {
    let mut world = World::new();
    world.on(INITIATE, refused("NotAuthorizedException", "correct horse battery staple is wrong"));
    let error = world.run(&mut sign_in(GIVEN)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { status: 400, recoverable: false });
    assert_eq!((error.origin, error.step), (Origin::UserPool, "InitiateAuth"));
    assert_eq!(world.report.code(), "NotAuthorizedException");
    assert!(!world.report.message().contains("horse"), "{}", world.report);
}

#[test]
fn a_code_is_not_sent_twice() {
    let mut world = World::new();
    world.on(INITIATE, ok(challenge("SMS_MFA", ""))).on("by SMS", content("1"));
    world.on(RESPOND, crate::common::Act::Fail(Phase::Body, FailureKind::Closed));
    let error = world.run(&mut sign_in(GIVEN)).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Transport(_)), "{error}");
    assert_eq!(world.needs.len(), 3);
}

#[test]
fn the_refresh_token_replaces_the_password() {
    let mut memory = vec![0; 2048];
    let mut flow = sign_in(ASKED).keeping(&mut memory);
    let mut world = World::new();
    world.on("PROMPT", content("typed")).on(INITIATE, ok(tokens("first", Some("refresh-1"))));
    assert_eq!(token(&mut world, &mut flow).unwrap(), "first");
    assert_eq!(flow.refresh_token(), Some("refresh-1"));

    world.on(r#""AuthFlow":"REFRESH_TOKEN_AUTH""#, ok(tokens("second", None)));
    assert_eq!(token(&mut world, &mut flow).unwrap(), "second");
    let body = world.needs[world.needs.len() - 2].body();
    assert!(body.contains(r#""REFRESH_TOKEN":"refresh-1""#), "{body}");
    assert_eq!(flow.refresh_token(), Some("refresh-1"), "the refresh token is not kept");

    // A rejected refresh token is dropped and the user is prompted.
    world.on(INITIATE, refused("NotAuthorizedException", "Refresh Token has been revoked"));
    world.on("PROMPT", content("typed")).on(INITIATE, ok(tokens("third", Some("refresh-2"))));
    assert_eq!(token(&mut world, &mut flow).unwrap(), "third");
    assert_eq!(flow.refresh_token(), Some("refresh-2"));
    world.finished();
}

#[test]
fn the_secret_hash_of_a_refresh_uses_the_pools_user_id() {
    let (mut first, mut second) = (vec![0; 256], vec![0; 256]);
    let new = || SignIn::sending(users(), client(Some("client secret")), GIVEN);
    let mut flow = new().keeping(&mut first);
    let mut world = World::new();
    world.on(INITIATE, ok(challenge("SMS_MFA", ""))).on("SMS", content("1"));
    world.on(RESPOND, ok(tokens("id", Some("refresh"))));
    world.run(&mut flow).unwrap();
    assert_eq!(flow.user_id(), Some("sub-of-ada"));
    let proof = rolecall_core::sources::cognito::secret_hash(client(None).id, "client secret", "sub-of-ada");
    let mut later = new().keeping(&mut second);
    later.keep(flow.refresh_token().unwrap(), flow.user_id());
    for flow in [&mut flow, &mut later] {
        world.on(&format!(r#""REFRESH_TOKEN":"refresh","SECRET_HASH":"{proof}""#), ok(tokens("id", None)));
        world.run(flow).unwrap();
    }
    world.finished();
}

#[test]
fn a_stored_refresh_token_is_tried_first() {
    let mut memory = vec![0; 64];
    let mut flow = sign_in(ASKED).keeping(&mut memory);
    flow.keep("of-before", None);
    let mut world = World::new();
    world.on(r#""REFRESH_TOKEN":"of-before""#, ok(tokens("id", None)));
    assert_eq!(token(&mut world, &mut flow).unwrap(), "id");
    // A token that does not fit is ignored.
    flow.keep(&"x".repeat(65), None);
    assert_eq!(flow.refresh_token(), None);
}

#[test]
fn a_small_buffer_error_reports_the_needed_size() {
    let mut world = World::new();
    world.slots[0] = crate::common::slot(10);
    world.on(INITIATE, ok(tokens("id.token", None)));
    let error = world.run(&mut sign_in(GIVEN)).unwrap_err();
    let ErrorKind::BufferTooSmall { needed, .. } = error.kind else { panic!("{error}") };
    world.slots[0] = crate::common::slot(needed);
    world.on(INITIATE, ok(tokens("id.token", None)));
    world.run(&mut sign_in(GIVEN)).unwrap();
}

#[cfg(feature = "srp")]
mod srp {
    use super::*;

    const RANDOM: [u8; 32] = [7; 32];

    fn proving(password: Password<'static>) -> SignIn<'static> {
        SignIn::proving(users(), client(None), password, "eu-west-1_aBcDeFgHi", &RANDOM)
    }

    fn verifier() -> String {
        challenge("PASSWORD_VERIFIER", r#","SALT":"1f69","SRP_B":"5","SECRET_BLOCK":"AAAA""#)
    }

    #[test]
    fn srp_prompts_for_the_password_when_needed_and_never_sends_it() {
        let mut world = World::new();
        world.on(INITIATE, ok(verifier())).on("HIDDEN PROMPT Password of ada: ", content("typed\n"));
        world.on(RESPOND, ok(tokens("id", None)));
        assert_eq!(token(&mut world, &mut proving(ASKED)).unwrap(), "id");
        assert!(world.needs.iter().all(|recorded| !recorded.text.contains("typed")));
        assert!(world.needs[2].body().contains(r#""TIMESTAMP":"Fri Jan 2 03:04:1"#));
    }

    #[test]
    fn every_run_uses_another_srp_secret() {
        let mut world = World::new();
        let mut flow = proving(GIVEN);
        for _ in 0..2 {
            world.on(INITIATE, ok(verifier())).on(RESPOND, ok(tokens("id", None)));
            world.run(&mut flow).unwrap();
        }
        assert_ne!(world.needs[0].body(), world.needs[2].body());
    }

    #[test]
    fn without_a_wall_clock_the_date_of_the_challenge_is_used() {
        let mut world = World::new();
        world.wall = None;
        world.on(INITIATE, ok(verifier()).at(START)).on(RESPOND, ok(tokens("id", None)).at(START));
        world.run(&mut proving(GIVEN)).unwrap();
        assert!(world.needs[1].body().contains(r#""TIMESTAMP":"Fri Jan 2 03:04:05 UTC 2026""#));
    }

    #[test]
    fn a_new_password_is_set_after_srp() {
        let mut world = World::new();
        world.on(INITIATE, ok(verifier())).on(RESPOND, ok(challenge("NEW_PASSWORD_REQUIRED", "")));
        world.on("New password", content("a new one")).on(RESPOND, ok(tokens("id", None)));
        assert_eq!(token(&mut world, &mut proving(GIVEN)).unwrap(), "id");
    }
}

fn given() -> String {
    format!(
        r#"{{"Credentials":{{"AccessKeyId":"ASIAEXAMPLE","SecretKey":"secret/of+it","SessionToken":"token==","Expiration":{}.5}},"IdentityId":"{ID}"}}"#,
        START + 3600
    )
}

#[test]
fn an_unauthenticated_identity_gets_credentials_and_is_kept() {
    let identity = Identity::in_pool(Unsigned, identities(), POOL, Logins::default());
    let mut flow = CredentialsForIdentity::new(identity, identities(), Logins::default().credentials());
    let mut world = World::new();
    world.on(GET_ID, ok(format!(r#"{{"IdentityId":"{ID}"}}"#))).on(CREDENTIALS, ok(given()));
    let lease = world.run(&mut flow).unwrap();
    assert_eq!(world.keys(), ("ASIAEXAMPLE", "secret/of+it", "token=="));
    assert_eq!(lease.expiration.unwrap().as_secs(), START + 3600);
    assert_eq!(world.needs[0].body(), format!(r#"{{"IdentityPoolId":"{POOL}"}}"#));
    assert_eq!(world.needs[1].body(), format!(r#"{{"IdentityId":"{ID}"}}"#));
    world.on(CREDENTIALS, ok(given()));
    world.run(&mut flow).unwrap();
    world.finished();
}

#[test]
fn with_a_token_the_identity_is_looked_up_again() {
    let logins = Logins::of("accounts.google.com");
    let identity = Identity::in_pool(IdentityToken::file("/token"), identities(), POOL, logins);
    let mut flow = CredentialsForIdentity::new(identity, identities(), logins.credentials());
    let mut world = World::new();
    for (token, id) in [("alice.token", "eu-west-1:alice"), ("bob.token", "eu-west-1:bob")] {
        world.on("FILE /token", content(token)).on(token, ok(format!(r#"{{"IdentityId":"{id}"}}"#)));
        world.on(&format!(r#""IdentityId":"{id}""#), ok(given()));
        world.run(&mut flow).unwrap();
    }
    world.finished();
}

#[test]
fn a_deleted_unauthenticated_identity_is_replaced() {
    let mut flow = Identity::in_pool(Unsigned, identities(), POOL, Logins::default());
    let mut world = World::new();
    world.on(GET_ID, ok(r#"{"IdentityId":"eu-west-1:one"}"#));
    world.run(&mut flow).unwrap();
    world.run(&mut flow).unwrap();
    assert_eq!((flow.id(), world.needs.len()), (Some("eu-west-1:one"), 1));
    flow.forget();
    world.on(GET_ID, ok(r#"{"IdentityId":"eu-west-1:two"}"#));
    world.run(&mut flow).unwrap();
    assert_eq!(flow.id(), Some("eu-west-1:two"));
}

#[test]
fn several_login_providers_are_sent_together() {
    let logins = Logins::of("accounts.google.com").and(&[("issuer.example.com", "other.token")]);
    let base = IdentityToken::given("google.token");
    let identity = Identity::known(base, identities(), ID, logins).unwrap();
    let mut request = logins.credentials();
    request.custom_role_arn = Some("arn:aws:iam::123456789012:role/admin");
    let mut flow = CredentialsForIdentity::new(identity, identities(), request);
    let mut world = World::new();
    world.on(CREDENTIALS, ok(given()));
    world.run(&mut flow).unwrap();
    assert_eq!(
        world.needs[0].body(),
        format!(
            r#"{{"CustomRoleArn":"arn:aws:iam::123456789012:role/admin","IdentityId":"{ID}","Logins":{{"accounts.google.com":"google.token","issuer.example.com":"other.token"}}}}"#
        )
    );
}

#[test]
fn no_report_repeats_a_token() {
    let logins = Logins::of("accounts.google.com").and(&[("issuer.example.com", "eyJhbGciOi.other")]);
    for token in ["eyJhbGciOi.google", "eyJhbGciOi.other"] {
        let base = IdentityToken::given("eyJhbGciOi.google");
        let mut flow = Identity::in_pool(base, identities(), POOL, logins);
        let mut world = World::new();
        world.on(GET_ID, refused("NotAuthorizedException", &format!("Invalid login token: {token}")));
        world.run(&mut flow).unwrap_err();
        assert_eq!((world.report.code(), world.report.message()), ("NotAuthorizedException", ""), "{token}");
    }
}

#[test]
fn a_role_is_assumed_with_the_openid_token_of_the_identity() {
    let logins = Logins::default();
    let identity = Identity::known(Unsigned, identities(), ID, logins).unwrap();
    let token = OpenIdToken::new(identity, identities(), logins.open_id_token());
    let sts = Service::new(Endpoint::parse("https://sts.eu-west-1.amazonaws.com").unwrap(), "eu-west-1");
    let request = AssumeRoleWithWebIdentityRequest::new("arn:aws:iam::123456789012:role/app", "ada");
    let mut flow = Call::new(token, sts, request);
    let mut world = World::new();
    world.on(TOKEN, ok(format!(r#"{{"IdentityId":"{ID}","Token":"open.id.token"}}"#)));
    let reply = crate::common::assumed("ASIAROLE", START + 900)
        .replace("AssumeRoleRe", "AssumeRoleWithWebIdentityRe");
    world.on("WebIdentityToken=open.id.token", ok(reply));
    world.run(&mut flow).unwrap();
    assert_eq!(world.keys().0, "ASIAROLE");
}

#[test]
fn malformed_and_incomplete_replies_are_rejected() {
    let end = START + 3600;
    let whole = given();
    for (reply, says) in [
        (whole.replace("AccessKeyId", "AccessKey"), "AccessKeyId"),
        (whole.replace("SecretKey", "SecretAccessKey"), "SecretAccessKey"),
        (whole.replace("SessionToken", "Token"), "session token"),
        (whole.replace("Expiration", "Until"), "Expiration"),
        (whole.replace(&format!("{end}.5"), "null"), "Expiration"),
        (whole.replace(&format!("{end}.5"), "\"2026-01-02T04:04:05Z\""), "Expiration"),
        (whole.replace(&format!("{end}.5"), "-1"), "Expiration"),
        (whole.replace(&format!("{end}.5"), "1.7E9"), "expired"),
        (whole.replace("\"token==\"", "null"), "SessionToken"),
        (whole.replace("\"token==\"", "\"to\\nken\""), "credentials"),
        (whole.replace("\"SessionToken\"", "\"SecretKey\":\"twice\",\"SessionToken\""), "SecretKey"),
        (whole.replace("Credentials", "Other"), "Expiration"),
        (whole.replace(&format!("{end}.5"), &format!("{end}500")), "Expiration"),
        (whole.replacen('{', r#"{"Credentials":{},"#, 1), "Credentials"),
        (whole[..whole.len() - 1].to_owned(), "malformed"),
        (String::new(), "malformed"),
    ] {
        let identity = Identity::known(Unsigned, identities(), ID, Logins::default()).unwrap();
        let mut flow = CredentialsForIdentity::new(identity, identities(), Logins::default().credentials());
        let mut world = World::new();
        world.on(CREDENTIALS, ok(reply.clone()));
        let error = world.run(&mut flow).expect_err(&reply);
        assert!(error.to_string().contains(says), "{reply}: {error}");
        assert!(world.slots[0].credentials().is_none());
    }
    for reply in ["{}", r#"{"IdentityId":""}"#, r#"{"IdentityId":7}"#, r#"{"IdentityId":"a\nb"}"#] {
        let mut flow = Identity::in_pool(Unsigned, identities(), POOL, Logins::default());
        let mut world = World::new();
        world.on(GET_ID, ok(reply));
        let error = world.run(&mut flow).expect_err(reply);
        assert!(error.to_string().contains("IdentityId"), "{reply}: {error}");
    }
}

#[test]
fn an_xml_error_from_a_proxy_is_reported() {
    let mut flow = Identity::in_pool(Unsigned, identities(), POOL, Logins::default());
    let mut world = World::new();
    world.on(GET_ID, reply(403, crate::common::refusal("AccessDenied", "not from here")));
    let error = world.run(&mut flow).unwrap_err();
    assert_eq!((error.origin, error.step), (Origin::IdentityPool, "GetId"));
    assert_eq!(world.report.code(), "AccessDenied");
}
