//! Second factors of a sign-in at a Cognito user pool: by which name the answers go, the choice among several, and the
//! setup of an authenticator app.

use crate::common::{Act, World, content, ok, reply};
use rolecall_core::call::Service;
use rolecall_core::error::Error;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::cognito::{Client, Password, SignIn, secret_hash};

const INITIATE: &str = "AWSCognitoIdentityProviderService.InitiateAuth\r\n";
const RESPOND: &str = "AWSCognitoIdentityProviderService.RespondToAuthChallenge\r\n";
const ASSOCIATE: &str = "AWSCognitoIdentityProviderService.AssociateSoftwareToken\r\n";
const VERIFY: &str = "AWSCognitoIdentityProviderService.VerifySoftwareToken\r\n";
const POOL: &str = "eu-west-1_aBcDeFgHi";
const ID: &str = "3n4b5urk1ft4fl3mg5e62d9ado";
const ALIAS: &str = "jane@example.com";
const USER: &str = "c2f5b3a0-0f1e-4d1b-9c55-000000000001";
const GIVEN: Password<'static> = Password::Given("correct horse battery staple");
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPAAAA";

fn users() -> Service<'static> {
    Service::new(Endpoint::parse("https://cognito-idp.eu-west-1.amazonaws.com").unwrap(), "eu-west-1")
}

fn sending() -> SignIn<'static> {
    let client = Client::new(ID, ALIAS).with_secret(Some("client secret"));
    SignIn::sending(users(), client, GIVEN).of_pool(POOL)
}

fn tokens() -> Act {
    ok(r#"{"AuthenticationResult":{"ExpiresIn":3600,"IdToken":"id.token"},"ChallengeParameters":{}}"#)
}

/// A challenge as Cognito sends it: the user's name is in the first one only.
fn challenge(name: &str, parameters: &str) -> Act {
    ok(format!(
        r#"{{"ChallengeName":"{name}","Session":"session-of-{name}","ChallengeParameters":{{{parameters}}}}}"#
    ))
}

fn first(name: &str, more: &str) -> Act {
    challenge(name, &format!(r#""USER_ID_FOR_SRP":"{USER}"{more}"#))
}

/// The sent answers, as their challenge, session and responses.
fn answers(world: &World) -> Vec<(String, String, serde_json::Value)> {
    let responded = world.needs.iter().filter(|need| need.text.contains(RESPOND));
    let parsed = responded.map(|need| serde_json::from_str::<serde_json::Value>(need.body()).unwrap());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    parsed
        .map(|body| {
            (text(&body["ChallengeName"]), text(&body["Session"]), body["ChallengeResponses"].clone())
        })
        .collect()
}

/// Checks the name and the proof of the client's secret in every answer.
#[track_caller]
fn go_by(world: &World, username: &str) {
    let proof = secret_hash(ID, "client secret", username);
    for (challenge, _, responses) in answers(world) {
        assert_eq!(responses["USERNAME"], username, "{challenge}");
        assert_eq!(responses["SECRET_HASH"], proof.as_str(), "{challenge}");
    }
}

fn failed(world: &mut World, flow: &mut SignIn<'_>) -> Error {
    let error = world.run(flow).unwrap_err();
    world.finished();
    error
}

#[test]
fn answers_go_by_the_name_of_the_first_reply() {
    let mut world = World::new();
    world.on(INITIATE, first("NEW_PASSWORD_REQUIRED", "")).on("New password: ", content("a new one"));
    world.on(RESPOND, challenge("EMAIL_OTP", "")).on("by e-mail", content("1"));
    world.on(RESPOND, challenge("SMS_MFA", r#""USER_ID_FOR_SRP":"another""#)).on("by SMS", content("2"));
    world.on(RESPOND, tokens());
    let mut flow = sending();
    world.run(&mut flow).unwrap();
    go_by(&world, USER);
    assert_eq!((answers(&world).len(), flow.user_id()), (3, Some(USER)));

    // Without a name of its own, the pool knows the user by the one that was typed.
    let mut world = World::new();
    world.on(INITIATE, challenge("SMS_MFA", "")).on("by SMS", content("2")).on(RESPOND, tokens());
    world.run(&mut sending()).unwrap();
    go_by(&world, ALIAS);

    // The longest name has 128 characters of four bytes.
    for (length, fits) in [(128, true), (129, false)] {
        let long = "𝔲".repeat(length);
        let mut world = World::new();
        world.on(INITIATE, challenge("SMS_MFA", &format!(r#""USER_ID_FOR_SRP":"{long}""#)));
        if fits {
            world.on("by SMS", content("2")).on(RESPOND, tokens());
            world.run(&mut sending()).unwrap();
            go_by(&world, &long);
        } else {
            let error = failed(&mut world, &mut sending()).to_string();
            assert!(error.contains("USER_ID_FOR_SRP of more than 512 bytes"), "{error}");
        }
    }
}

#[test]
fn one_of_several_factors_is_chosen() {
    let kinds = r#","MFAS_CAN_CHOOSE":"[\"SOFTWARE_TOKEN_MFA\", \"TELEPATHY\", \"SMS_MFA\",\"EMAIL_OTP\"]""#;
    let shown = "PROMPT The sign-in goes on with one of these:\n1: a code by SMS\n\
        2: a code of the authenticator app\n3: a code by e-mail\nNumber of the one to use: ";
    for (typed, sent) in [
        ("1", "SMS_MFA"),
        ("2\r\n", "SOFTWARE_TOKEN_MFA"),
        (" 3 \n", "EMAIL_OTP"),
        ("software_token_mfa", "SOFTWARE_TOKEN_MFA"),
    ] {
        let mut world = World::new();
        world.on(INITIATE, first("SELECT_MFA_TYPE", kinds)).on(shown, content(typed));
        world.on(RESPOND, challenge("SMS_MFA", "")).on("by SMS", content("246810")).on(RESPOND, tokens());
        world.run(&mut sending()).unwrap();
        let [(challenge, session, choice), (_, _, code)] = &answers(&world)[..] else { panic!("{typed}") };
        assert_eq!((challenge.as_str(), session.as_str()), ("SELECT_MFA_TYPE", "session-of-SELECT_MFA_TYPE"));
        assert_eq!((&choice["ANSWER"], &code["SMS_MFA_CODE"]), (&sent.into(), &"246810".into()));
        go_by(&world, USER);
    }
    for typed in ["0", "4", "12", "TELEPATHY", "SMS"] {
        let mut world = World::new();
        world.on(INITIATE, first("SELECT_MFA_TYPE", kinds)).on("Number", content(typed));
        let error = failed(&mut world, &mut sending()).to_string();
        assert!(error.contains("the number of one of those that are listed"), "{typed}: {error}");
    }
    // Those that are not offered have no number.
    let two = r#","MFAS_CAN_CHOOSE":"[\"EMAIL_OTP\",\"SMS_MFA\",\"SMS_MFA\"]""#;
    let mut world = World::new();
    world
        .on(INITIATE, first("SELECT_MFA_TYPE", two))
        .on("1: a code by SMS\n2: a code by e-mail\nN", content("2"));
    world.on(RESPOND, tokens());
    world.run(&mut sending()).unwrap();
    assert_eq!(answers(&world)[0].2["ANSWER"], "EMAIL_OTP");
    for none in ["", r#","MFAS_CAN_CHOOSE":"[\"TELEPATHY\"]""#, r#","MFAS_CAN_CHOOSE":"""#] {
        let mut world = World::new();
        world.on(INITIATE, first("SELECT_MFA_TYPE", none));
        let error = failed(&mut world, &mut sending()).to_string();
        assert!(error.contains("MFAS_CAN_CHOOSE"), "{none}: {error}");
    }
}

fn associated(secret: &str) -> Act {
    ok(format!(r#"{{"SecretCode":"{secret}","Session":"session-of-the-app"}}"#))
}

const CAN_SET_UP: &str = r#","MFAS_CAN_SETUP":"[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]""#;

#[test]
fn an_authenticator_app_is_set_up() {
    for can in ["", CAN_SET_UP] {
        let mut world = World::new();
        world.on(INITIATE, first("MFA_SETUP", can)).on(ASSOCIATE, associated(SECRET));
        world.on(
            &format!(
                "PROMPT The user pool requires an authenticator app. Add this secret to one:\n{SECRET}\n\
                 otpauth://totp/{POOL}:jane%40example.com?secret={SECRET}&issuer={POOL}\n\
                 Code that the app shows now: "
            ),
            content("123456\n"),
        );
        world.on(VERIFY, ok(r#"{"Session":"session-of-the-code","Status":"SUCCESS"}"#)).on(RESPOND, tokens());
        world.run(&mut sending()).unwrap();
        world.finished();
        assert_eq!(world.needs[1].body(), r#"{"Session":"session-of-MFA_SETUP"}"#);
        assert_eq!(world.needs[1].header("authorization"), None, "the request is signed");
        assert_eq!(world.needs[3].body(), r#"{"Session":"session-of-the-app","UserCode":"123456"}"#);
        let [(challenge, session, responses)] = &answers(&world)[..] else { panic!("one answer") };
        assert_eq!((challenge.as_str(), session.as_str()), ("MFA_SETUP", "session-of-the-code"));
        assert_eq!(responses.as_object().unwrap().len(), 2, "{responses}");
        go_by(&world, USER);
        assert!(!world.exchange.windows(8).any(|part| part == &SECRET.as_bytes()[..8]), "it is left");
    }
}

#[test]
fn a_secret_that_is_not_one_is_not_shown() {
    for secret in
        ["", "\\u001b[31mJBSWY3DP", "JBSWY3DP\\nHELLO", "jbswy3dp", "JBSW1", "JBSW&issuer=evil", "JBSW 2345"]
    {
        let mut world = World::new();
        world.on(INITIATE, first("MFA_SETUP", "")).on(ASSOCIATE, associated(secret));
        let error = failed(&mut world, &mut sending()).to_string();
        assert!(error.contains("SecretCode") && error.contains("base32"), "{secret}: {error}");
    }
    let mut world = World::new();
    world.on(INITIATE, first("MFA_SETUP", "")).on(ASSOCIATE, associated(&"A".repeat(257)));
    assert!(failed(&mut world, &mut sending()).to_string().contains("at most 256"));
    let mut world = World::new();
    world.on(INITIATE, first("MFA_SETUP", "")).on(ASSOCIATE, ok(r#"{"Session":"s"}"#));
    assert!(failed(&mut world, &mut sending()).to_string().contains("SecretCode"));
}

#[test]
fn a_setup_that_fails_is_an_error_without_the_secret() {
    let begin = |world: &mut World| {
        world.on(INITIATE, first("MFA_SETUP", "")).on(ASSOCIATE, associated(SECRET));
        world.on("otpauth://", content("000000"));
    };
    let mut world = World::new();
    begin(&mut world);
    world.on(VERIFY, ok(r#"{"Session":"s","Status":"ERROR"}"#));
    let error = failed(&mut world, &mut sending()).to_string();
    assert!(error.contains("Status: the code was not accepted"), "{error}");

    let mut world = World::new();
    begin(&mut world);
    let message = format!(r#"{{"__type":"EnableSoftwareTokenMFAException","message":"not by {SECRET}"}}"#);
    world.on(VERIFY, reply(400, message));
    failed(&mut world, &mut sending());
    assert_eq!((world.report.code(), world.report.message()), ("EnableSoftwareTokenMFAException", ""));

    let mut world = World::new();
    world.on(INITIATE, first("MFA_SETUP", r#","MFAS_CAN_SETUP":"[\"SMS_MFA\"]""#));
    let error = failed(&mut world, &mut sending()).to_string();
    assert!(error.contains("MFAS_CAN_SETUP"), "{error}");

    // A buffer without room for what is shown.
    let mut world = World::new();
    world.exchange.truncate(660);
    world.on(INITIATE, first("MFA_SETUP", "")).on(ASSOCIATE, associated(&"A".repeat(256)));
    let error = failed(&mut world, &mut sending()).to_string();
    assert!(error.contains("too small") && error.contains("exchange"), "{error}");
}

#[test]
fn a_remembered_device_is_an_error_that_names_it() {
    let mut world = World::new();
    world.on(INITIATE, first("DEVICE_SRP_AUTH", ""));
    let error = failed(&mut world, &mut sending()).to_string();
    assert!(error.contains("DEVICE_SRP_AUTH") && error.contains("forget the device"), "{error}");
    assert_eq!(world.report.code(), "DEVICE_SRP_AUTH");
}

#[cfg(feature = "srp")]
mod srp {
    use super::*;

    fn proving(password: Password<'static>) -> SignIn<'static> {
        let client = Client::new(ID, ALIAS).with_secret(Some("client secret"));
        SignIn::proving(users(), client, password, POOL, &[7; 32])
    }

    fn verifier() -> Act {
        first("PASSWORD_VERIFIER", r#","SALT":"1f69","SRP_B":"5","SECRET_BLOCK":"AAAA""#)
    }

    #[test]
    fn codes_after_a_proof_go_by_the_name_of_the_first_reply() {
        for (name, member) in [
            ("SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE"),
            ("EMAIL_OTP", "EMAIL_OTP_CODE"),
            ("SMS_MFA", "SMS_MFA_CODE"),
        ] {
            let mut world = World::new();
            world.on(INITIATE, verifier()).on(RESPOND, challenge(name, r#""FRIENDLY_DEVICE_NAME":"phone""#));
            world.on("Code", content("123456\n")).on(RESPOND, tokens());
            world.run(&mut proving(GIVEN)).unwrap();
            assert!(world.needs[0].body().contains(ALIAS), "the sign-in begins with the alias");
            assert_eq!(answers(&world)[1].2[member], "123456");
            go_by(&world, USER);
        }
    }

    #[test]
    fn every_factor_follows_a_proof() {
        let mut world = World::new();
        world.on(INITIATE, verifier());
        world.on(RESPOND, challenge("SELECT_MFA_TYPE", r#""MFAS_CAN_CHOOSE":"[\"SOFTWARE_TOKEN_MFA\"]""#));
        world.on("1: a code of the authenticator app", content("1"));
        world.on(RESPOND, challenge("MFA_SETUP", "")).on(ASSOCIATE, associated(SECRET));
        world.on("otpauth://", content("1")).on(VERIFY, ok(r#"{"Session":"s","Status":"SUCCESS"}"#));
        world.on(RESPOND, challenge("SOFTWARE_TOKEN_MFA", "")).on("Code", content("2")).on(RESPOND, tokens());
        world.run(&mut proving(GIVEN)).unwrap();
        world.finished();
        assert_eq!(answers(&world).len(), 4);
        go_by(&world, USER);
    }

    #[test]
    fn a_new_password_is_asked_for_after_a_proof_alone() {
        let mut world = World::new();
        world.on(INITIATE, first("NEW_PASSWORD_REQUIRED", ""));
        let error = failed(&mut world, &mut proving(GIVEN)).to_string();
        assert!(error.contains("NEW_PASSWORD_REQUIRED before PASSWORD_VERIFIER"), "{error}");

        // Nor does a proof of an earlier run count, nor another challenge.
        let mut flow = proving(GIVEN);
        let mut world = World::new();
        world.on(INITIATE, verifier()).on(RESPOND, tokens());
        world.run(&mut flow).unwrap();
        world.on(INITIATE, first("SMS_MFA", "")).on("by SMS", content("1"));
        world.on(RESPOND, challenge("NEW_PASSWORD_REQUIRED", ""));
        assert!(failed(&mut world, &mut flow).to_string().contains("NEW_PASSWORD_REQUIRED before"));

        let mut world = World::new();
        world.on(INITIATE, verifier()).on(RESPOND, challenge("NEW_PASSWORD_REQUIRED", ""));
        let asked = format!(
            "HIDDEN PROMPT The user pool {POOL} requires a new password. What is typed will be sent to it.\n\
             New password: "
        );
        world.on(&asked, content("a new one\n")).on(RESPOND, tokens());
        world.run(&mut proving(GIVEN)).unwrap();
        assert_eq!(answers(&world)[1].2["NEW_PASSWORD"], "a new one");
        go_by(&world, USER);
    }
}
