//! Cognito pools as `rolecall setup cognito` makes them, with one person.

use serde_json::json;

use crate::boto::text;
use crate::command::{Run, rolecall};
use crate::servers::Server;
use crate::setup::{SetUp, told};

/// The person.
pub const ALICE: &str = "alice";
/// And what she types.
pub const PASSWORD: &str = "Correct-7-Horse-battery";

/// What a set-up made.
pub struct Pools<'a> {
    /// The server they are on.
    pub server: &'a Server,
    /// Id of the user pool.
    pub user_pool: String,
    /// Id of its client.
    pub client: String,
    /// The client's secret.
    pub secret: Option<String>,
    /// Id of the identity pool.
    pub identities: String,
}

impl<'a> Pools<'a> {
    /// Sets them up, with more arguments.
    #[track_caller]
    pub fn set_up(server: &'a Server, name: &str, more: &[&str]) -> Self {
        let given = [&["cognito", "--name", name, "--username", ALICE], more].concat();
        let run = SetUp::new(server, &given).variable("AWS_COGNITO_PASSWORD", PASSWORD).run(&[]);
        run.ok();
        let secret = more.contains(&"--client-secret").then(|| told(&run, "client secret"));
        let (user_pool, client) = (told(&run, "user pool"), told(&run, "client"));
        Self { server, user_pool, client, secret, identities: told(&run, "identity pool") }
    }

    /// What the identity pool knows the user pool by.
    pub fn provider(&self) -> String {
        format!("cognito-idp.us-east-1.amazonaws.com/{}", self.user_pool)
    }

    /// Runs the command for Alice, who signs in.
    pub fn alice(&self, words: &[&str], variables: &[(&'static str, &str)]) -> Run {
        let mut environment = self.server.anonymous();
        environment.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
        rolecall(&[words, &self.signing_in()].concat(), environment)
    }

    /// The options of somebody who signs in as Alice.
    pub fn signing_in(&self) -> [&str; 8] {
        let (pool, client) = (&self.user_pool, &self.client);
        let identities = ["--cognito-identity-pool", &self.identities];
        let [option, identities] = identities;
        [option, identities, "--user-pool", pool, "--client-id", client, "--username", ALICE]
    }

    /// An identity token of Alice, by boto3.
    pub fn token(&self) -> String {
        let given = json!({
            "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": ALICE, "PASSWORD": PASSWORD},
        });
        let reply = self.server.boto_call("cognito-idp", "initiate_auth", given);
        text(&reply["AuthenticationResult"]["IdToken"])
    }
}
