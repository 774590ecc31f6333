//! A user who signs in to a user pool, with SRP or with the password sent.

use num_bigint::BigUint;

use crate::nal::Ending;
use crate::scenario::{Scenario, reply};
use crate::secrets::{of_key, of_text, random, text};
use crate::srp::{self, Challenge};

const POOL: &str = "eu-west-1_aBcDeFgHi";
const USER: &str = "ada@example.com";

#[derive(Clone)]
pub(crate) struct PoolUser {
    password: String,
    client_secret: String,
    /// The random bytes that the secret number is computed from.
    random: Vec<u8>,
    salt: BigUint,
    public: BigUint,
    id_token: String,
    refresh_token: String,
}

impl PoolUser {
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

    /// The parameters of the case, and everything that must not stay behind.
    pub(crate) fn scenario(&self) -> Scenario {
        let (_, pool) = POOL.split_once('_').expect("a name");
        let challenge = Challenge {
            pool,
            user: USER,
            password: &self.password,
            random: &self.random,
            salt: &self.salt,
            public: &self.public,
        };
        Scenario::default()
            .set("pool", POOL)
            .set("user", USER)
            .lend("password", &self.password)
            .lend("client secret", &self.client_secret)
            .lend("random", &self.random)
            .search(srp::forms(&challenge))
            .search(of_text("client secret", self.client_secret.as_bytes()))
            .search(of_key("client secret", self.client_secret.as_bytes()))
            .search(of_text("ID token", self.id_token.as_bytes()))
            .search(of_text("refresh token", self.refresh_token.as_bytes()))
    }

    /// The responses of the pool: a challenge for SRP, then tokens.
    pub(crate) fn answer(&self, request: &str, ending: Ending) -> String {
        if request.contains("USER_SRP_AUTH") {
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
        ending.reply(&tokens, &self.id_token, &refusal)
    }
}
