//! A person who signs in at a user pool, by a password that is proved or sent.

use num_bigint::BigUint;

use crate::nal::Turn;
use crate::scene::{Scene, reply};
use crate::secrets::{of_key, of_text, random, text};
use crate::srp::{self, Challenge};

const POOL: &str = "eu-west-1_aBcDeFgHi";
const USER: &str = "ada@example.com";

#[derive(Clone)]
pub(crate) struct Person {
    password: String,
    client_secret: String,
    /// What the secret number is drawn by.
    random: Vec<u8>,
    salt: BigUint,
    public: BigUint,
    id_token: String,
    refresh_token: String,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self {
            password: text(20),
            client_secret: text(40),
            random: random(32),
            salt: BigUint::from_bytes_be(&random(16)),
            public: BigUint::from_bytes_be(&random(380)),
            id_token: text(600),
            refresh_token: text(300),
        }
    }

    /// What the case is called with, and all that must not stay behind.
    pub(crate) fn scene(&self) -> Scene {
        let (_, pool) = POOL.split_once('_').expect("a name");
        let challenge = Challenge {
            pool,
            user: USER,
            password: &self.password,
            random: &self.random,
            salt: &self.salt,
            public: &self.public,
        };
        Scene::default()
            .set("pool", POOL)
            .set("user", USER)
            .lend("password", &self.password)
            .lend("client secret", &self.client_secret)
            .lend("random", &self.random)
            .seek(srp::forms(&challenge))
            .seek(of_text("client secret", self.client_secret.as_bytes()))
            .seek(of_key("client secret", self.client_secret.as_bytes()))
            .seek(of_text("ID token", self.id_token.as_bytes()))
            .seek(of_text("refresh token", self.refresh_token.as_bytes()))
    }

    /// What the pool answers: a challenge for who wants to prove the password, then tokens.
    pub(crate) fn answer(&self, asked: &str, turn: Turn) -> String {
        if asked.contains("USER_SRP_AUTH") {
            let challenge = format!(
                r#"{{"ChallengeName":"PASSWORD_VERIFIER","ChallengeParameters":{{"SALT":"{:x}","SRP_B":"{:x}","SECRET_BLOCK":"c2VjcmV0IGJsb2Nr","USER_ID_FOR_SRP":"{USER}"}}}}"#,
                self.salt, self.public
            );
            return reply(200, &challenge);
        }
        let tokens = format!(
            r#"{{"AuthenticationResult":{{"IdToken":"{}","RefreshToken":"{}","ExpiresIn":3600}}}}"#,
            self.id_token, self.refresh_token
        );
        let refusal = format!(
            r#"{{"__type":"NotAuthorizedException","message":"{} {}"}}"#,
            self.password, self.client_secret
        );
        turn.reply(&tokens, &self.id_token, &refusal)
    }
}
