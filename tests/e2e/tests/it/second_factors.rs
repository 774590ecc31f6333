//! Signing in at a user pool whose replies are those of Cognito: the user's own name is in the first one alone, and an
//! answer by an alias is not accepted.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};

use e2e::command::rolecall_at_terminal;
use rolecall::core::error::Failure;
use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::services::user_pool::secret_hash;
use rolecall::core::skew::{Instant, Now};
use rolecall::{
    Buffer, Environment, Error, Host, PoolIdentity, Provider, Secret, Settings, Streams, UnixTime, User,
};
use serde_json::Value;

const POOL: &str = "eu-west-1_aBcDeFgHi";
const IDENTITIES: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
const CLIENT: &str = "3n4b5urk1ft4fl3mg5e62d9ado";
const ALIAS: &str = "jane@example.com";
const USER: &str = "c2f5b3a0-0f1e-4d1b-9c55-000000000001";
const APP_SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPAAAA";
const TOKENS: &str =
    r#"{"AuthenticationResult":{"ExpiresIn":3600,"IdToken":"id.token","RefreshToken":"refresh"}}"#;

/// A host with the two services, and a user with scripted answers.
#[derive(Clone)]
struct Pools {
    /// Replies of the user pool, in order, each with the operation it is for.
    script: Arc<Mutex<Vec<(&'static str, String)>>>,
    typed: Arc<Mutex<Vec<&'static str>>>,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
    /// The requests at the user pool.
    sent: Arc<Mutex<Vec<Value>>>,
}

fn challenge(name: &str, parameters: &str) -> String {
    format!(r#"{{"ChallengeName":"{name}","Session":"of-{name}","ChallengeParameters":{{{parameters}}}}}"#)
}

fn verifier() -> (&'static str, String) {
    let parameters = r#""SALT":"1f69","SRP_B":"5","SECRET_BLOCK":"AAAA","USER_ID_FOR_SRP":"#;
    ("InitiateAuth", challenge("PASSWORD_VERIFIER", &format!(r#"{parameters}"{USER}""#)))
}

/// The body of a reply among the shared ones.
fn file(name: &str) -> &'static str {
    match name {
        "cognito-app-code" => {
            r#"{"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "next", "ChallengeParameters": {"FRIENDLY_DEVICE_NAME": "phone"}}"#
        }
        _ => {
            r#"{"ChallengeName": "EMAIL_OTP", "Session": "next", "ChallengeParameters": {"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "j***@e***"}}"#
        }
    }
}

impl Pools {
    fn new(script: Vec<(&'static str, String)>, typed: &[&'static str]) -> Self {
        let typed = Arc::new(Mutex::new(typed.to_vec()));
        let script = Arc::new(Mutex::new(script));
        Self { script, typed, asked: Arc::default(), sent: Arc::default() }
    }

    fn sign_in(&self, user: User) -> Result<String, Error> {
        let environment: Environment = [("AWS_REGION", "eu-west-1")].into_iter().collect();
        let provider =
            Provider::builder(Settings::from_environment(&environment)?).host(self.clone()).build();
        let user = user.client_secret(Secret::new("client secret".to_owned()));
        let session = provider.session(PoolIdentity::in_pool(IDENTITIES).user(user));
        let credentials = session.credentials()?;
        assert!(
            self.script.lock().expect("no panic").is_empty()
                && self.typed.lock().expect("no panic").is_empty()
        );
        Ok(credentials.access_key_id().to_owned())
    }

    /// The answers to challenges.
    fn responses(&self) -> Vec<Value> {
        let sent = self.sent.lock().expect("no panic");
        sent.iter().map(|sent| sent["ChallengeResponses"].clone()).filter(Value::is_object).collect()
    }

    fn reply(&self, target: &str, body: &str) -> (u16, String) {
        let operation = target.split('.').nth(1).expect("an operation");
        if target.starts_with("AWSCognitoIdentityService.") {
            return (
                200,
                if operation == "GetId" {
                    r#"{"IdentityId":"eu-west-1:d68b413e-0000-4000-8000-0123456789ab"}"#.to_owned()
                } else {
                    r#"{"Credentials":{"AccessKeyId":"ASIAJANE","SecretKey":"s","SessionToken":"t","Expiration":9999999999}}"#.to_owned()
                },
            );
        }
        let sent: Value = serde_json::from_str(body).expect("JSON");
        let responses = &sent["ChallengeResponses"];
        let hash = secret_hash(CLIENT, "client secret", USER);
        let accepted = responses.is_null()
            || (responses["USERNAME"] == USER && responses["SECRET_HASH"] == hash.as_str());
        self.sent.lock().expect("no panic").push(sent);
        if !accepted {
            return (
                400,
                r#"{"__type":"NotAuthorizedException","message":"SecretHash does not match"}"#.to_owned(),
            );
        }
        let (expected, reply) = self.script.lock().expect("no panic").remove(0);
        assert_eq!(operation, expected);
        (200, reply)
    }
}

impl Host for Pools {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let sent = self.now();
        let head = exchange.request.head(buffer.bytes()).expect("a head");
        let target = head.headers.text("x-amz-target").expect("an operation").to_owned();
        let body = String::from_utf8_lossy(exchange.request.body(buffer.bytes())).into_owned();
        let (status, body) = self.reply(&target, &body);
        buffer.clear();
        buffer.append(body.as_bytes());
        Answer::Reply(Reply { status, headers: 0..0, body: 0..body.len(), sent, received: self.now() })
    }

    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        self.asked.lock().expect("no panic").push((question.to_owned(), hidden));
        buffer.append(self.typed.lock().expect("no panic").remove(0).as_bytes());
        Ok(())
    }

    fn read_file(&self, path: &str, _: &mut Buffer) -> Result<(), Failure> {
        panic!("{path} is read")
    }

    fn run(&self, command: &str, _: &[(&str, &str)], _: &mut Buffer) -> Result<(), Failure> {
        panic!("{command} is run")
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        panic!("{host} is resolved")
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        bytes.fill(7);
        Ok(())
    }

    fn now(&self) -> Now {
        let wall = Some(UnixTime::from_secs(1_767_323_045));
        Now { monotonic: Instant::from_millis(5_000), wall }
    }

    fn sleep_until(&self, _: Instant) {}

    fn entropy(&self) -> u32 {
        7
    }
}

fn jane() -> User {
    User::new(POOL, CLIENT, ALIAS)
}

#[test]
fn codes_after_a_proof_go_by_the_pools_name_of_the_user() {
    for (reply, question, member) in [
        ("cognito-app-code", "Code of the authenticator app: ", "SOFTWARE_TOKEN_MFA_CODE"),
        ("cognito-mail-code", "Code that came by e-mail: ", "EMAIL_OTP_CODE"),
    ] {
        let script = vec![
            verifier(),
            ("RespondToAuthChallenge", file(reply).to_owned()),
            ("RespondToAuthChallenge", TOKENS.to_owned()),
        ];
        let pools = Pools::new(script, &["a password\n", "123456\n"]);
        assert_eq!(pools.sign_in(jane()).expect("credentials"), "ASIAJANE");
        let asked = [(format!("Password of {ALIAS}: "), true), (question.to_owned(), false)];
        assert_eq!(*pools.asked.lock().expect("no panic"), asked);
        assert_eq!(pools.responses()[1][member], "123456");
    }
}

#[test]
fn a_factor_is_chosen_and_an_app_set_up() {
    for proves in [true, false] {
        let kinds = r#""MFAS_CAN_CHOOSE":"[\"EMAIL_OTP\",\"SOFTWARE_TOKEN_MFA\"]""#;
        let named = format!(r#"{kinds},"USER_ID_FOR_SRP":"{USER}""#);
        let mut script = vec![
            (
                "RespondToAuthChallenge",
                challenge("MFA_SETUP", r#""MFAS_CAN_SETUP":"[\"SOFTWARE_TOKEN_MFA\"]""#),
            ),
            ("AssociateSoftwareToken", format!(r#"{{"SecretCode":"{APP_SECRET}","Session":"app"}}"#)),
            ("VerifySoftwareToken", r#"{"Session":"verified","Status":"SUCCESS"}"#.to_owned()),
            ("RespondToAuthChallenge", TOKENS.to_owned()),
        ];
        let user = if proves {
            script.insert(0, ("RespondToAuthChallenge", challenge("SELECT_MFA_TYPE", kinds)));
            script.insert(0, verifier());
            jane()
        } else {
            script.insert(0, ("InitiateAuth", challenge("SELECT_MFA_TYPE", &named)));
            jane().sending_password()
        };
        let pools = Pools::new(script, &["2\n", "123456\n"]);
        pools.sign_in(user.password(Secret::new("a password".to_owned()))).expect("credentials");
        let asked = pools.asked.lock().expect("no panic").clone();
        let [(choice, false), (app, false)] = &asked[..] else { panic!("{asked:?}") };
        assert!(choice.ends_with("2: a code by e-mail\nNumber of the one to use: "), "{choice}");
        let line = format!("otpauth://totp/{POOL}:jane%40example.com?secret={APP_SECRET}&issuer={POOL}\n");
        assert!(app.contains(&format!("\n{APP_SECRET}\n{line}")) && app.ends_with("shows now: "), "{app}");
        let responses = pools.responses();
        assert_eq!(responses[usize::from(proves)]["ANSWER"], "EMAIL_OTP");
        assert_eq!(pools.sent.lock().expect("no panic").last().expect("an answer")["Session"], "verified");
    }
}

#[test]
fn a_new_password_goes_where_the_prompt_says_and_after_a_proof_alone() {
    let asks = || challenge("NEW_PASSWORD_REQUIRED", r#""requiredAttributes":"[]""#);
    let script =
        vec![verifier(), ("RespondToAuthChallenge", asks()), ("RespondToAuthChallenge", TOKENS.to_owned())];
    let pools = Pools::new(script, &["old\n", "new\n"]);
    pools.sign_in(jane()).expect("credentials");
    let (question, hidden) = pools.asked.lock().expect("no panic")[1].clone();
    assert!(hidden && question.ends_with("\nNew password: "), "{question}");
    assert!(question.contains(POOL) && question.contains("will be sent"), "{question}");
    assert_eq!(pools.responses()[1]["NEW_PASSWORD"], "new");

    let pools = Pools::new(vec![("InitiateAuth", asks())], &[]);
    let error = pools.sign_in(jane()).expect_err("no proof was asked for").to_string();
    assert!(error.contains("NEW_PASSWORD_REQUIRED"), "{error}");
    assert!(pools.asked.lock().expect("no panic").is_empty(), "a password is asked for");
}

/// Serves both services on loopback, one exchange for each connection; returns the URL.
fn listen(pools: Pools) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let (mut target, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).expect("a head");
                match line.trim_end().split_once(": ") {
                    Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                        target = value.to_owned();
                    }
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.parse().expect("a number");
                    }
                    None if line.trim_end().is_empty() => break,
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let (status, body) = pools.reply(&target, &String::from_utf8_lossy(&body));
            let head = format!("HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}", body.len());
            write!(stream.get_mut(), "{head}\r\n\r\n{body}").expect("it is sent");
        }
    });
    url
}

#[test]
fn the_command_sets_an_app_up_at_a_terminal() {
    if std::env::var_os("ROLECALL_PYTHON").is_none() {
        return;
    }
    let script = vec![
        verifier(),
        ("RespondToAuthChallenge", challenge("MFA_SETUP", "")),
        ("AssociateSoftwareToken", format!(r#"{{"SecretCode":"{APP_SECRET}","Session":"app"}}"#)),
        ("VerifySoftwareToken", r#"{"Session":"verified","Status":"SUCCESS"}"#.to_owned()),
        ("RespondToAuthChallenge", challenge("SOFTWARE_TOKEN_MFA", "")),
        ("RespondToAuthChallenge", TOKENS.to_owned()),
    ];
    let pools = Pools::new(script, &[]);
    let url = listen(pools.clone());
    let words = ["credentials", "--cognito-identity-pool", IDENTITIES, "--user-pool", POOL];
    let words = [&words[..], &["--client-id", CLIENT, "--username", ALIAS]].concat();
    let environment = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_COGNITO_CLIENT_SECRET", "client secret"),
    ];
    let run = rolecall_at_terminal(&words, environment, &["a password", "123456", "654321"]);
    assert!(run.ok().contains("ASIAJANE"), "{run:#?}");
    for shown in
        [APP_SECRET, &format!("otpauth://totp/{POOL}:jane%40example.com?secret={APP_SECRET}&issuer={POOL}")]
    {
        assert!(run.stdout.lines().any(|line| line.trim_end() == shown), "{run:#?}");
    }
    assert!(!run.stdout.contains("a password"), "{run:#?}");
    let sent = pools.sent.lock().expect("no panic");
    assert_eq!(sent[3]["UserCode"], "123456");
    assert_eq!(sent[5]["ChallengeResponses"]["SOFTWARE_TOKEN_MFA_CODE"], "654321");
}
