//! Cognito pools with one user, provisioned by `rolecall setup cognito`.

use serde_json::json;

use crate::boto::text;
use crate::command::{Run, rolecall};
use crate::servers::Server;
use crate::setup::{Provisioning, reported};

/// The name of the user.
pub const ALICE: &str = "alice";
/// The password of the user.
pub const PASSWORD: &str = "Correct-7-Horse-battery";

/// The provisioned resources.
pub struct Pools<'a> {
    /// The server of the pools.
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
    /// Provisions the pools, with additional arguments.
    #[track_caller]
    pub fn provision(server: &'a Server, name: &str, more: &[&str]) -> Self {
        let given = [&["cognito", "--name", name, "--username", ALICE], more].concat();
        let run = Provisioning::new(server, &given).variable("AWS_COGNITO_PASSWORD", PASSWORD).run(&[]);
        run.ok();
        let secret = more.contains(&"--client-secret").then(|| reported(&run, "client secret"));
        let (user_pool, client) = (reported(&run, "user pool"), reported(&run, "client"));
        Self { server, user_pool, client, secret, identities: reported(&run, "identity pool") }
    }

    /// The name of the user pool as a login provider of the identity pool.
    pub fn provider(&self) -> String {
        format!("cognito-idp.us-east-1.amazonaws.com/{}", self.user_pool)
    }

    /// Runs the command with Alice's sign-in options.
    pub fn alice(&self, words: &[&str], variables: &[(&'static str, &str)]) -> Run {
        let mut environment = self.server.anonymous();
        environment.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
        rolecall(&[words, &self.signing_in()].concat(), environment)
    }

    /// The options for signing in as Alice.
    pub fn signing_in(&self) -> [&str; 8] {
        let (pool, client) = (&self.user_pool, &self.client);
        let identities = ["--cognito-identity-pool", &self.identities];
        let [option, identities] = identities;
        [option, identities, "--user-pool", pool, "--client-id", client, "--username", ALICE]
    }

    /// Gets an ID token for Alice through boto3.
    pub fn token(&self) -> String {
        let given = json!({
            "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": ALICE, "PASSWORD": PASSWORD},
        });
        let reply = self.server.boto_call("cognito-idp", "initiate_auth", given);
        text(&reply["AuthenticationResult"]["IdToken"])
    }
}
