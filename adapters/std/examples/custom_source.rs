//! Takes credentials from a source that this library does not have: here a local agent that prints them as JSON, in
//! place of the default chain. They are refreshed as any others.
//!
//! ```sh
//! cargo run -p rolecall --example custom_source -- http://127.0.0.1:8200
//! ```

use rolecall::core::error::{ErrorKind, Origin};
use rolecall::core::flow::{
    Ask, Endpoint, Flow, Lease, Next, Outcome, Sequence, Source, Stage, Trouble, Workspace,
};
use rolecall::core::sources::Document;
use rolecall::{CredentialSource, Environment, Error, Provider, Settings};

fn main() {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: custom_source URL");
        std::process::exit(2);
    };
    match run(&Environment::process(), url) {
        Ok(access_key_id) => println!("{access_key_id}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// Takes the environment as an argument, so that a test can set the variables.
pub(crate) fn run(environment: &Environment, url: String) -> Result<String, Error> {
    let settings = Settings::from_environment(environment)?;
    let provider = Provider::builder(settings).source(Agent { url }).build();
    Ok(provider.credentials()?.access_key_id().to_owned())
}

struct Agent {
    url: String,
}

impl CredentialSource for Agent {
    fn name(&self) -> &str {
        "local agent"
    }

    /// Called once for each fetch.
    fn flow(&self) -> Box<dyn Flow<'_, Output = Lease> + '_> {
        Box::new(Sequence::of(AgentSteps { url: &self.url }))
    }
}

/// One step: `GET /v1/credentials` with a header of its own, and a document as the metadata service has it.
struct AgentSteps<'c> {
    url: &'c str,
}

impl<'c> Source<'c> for AgentSteps<'c> {
    fn origin(&self) -> Origin {
        Origin::Custom("local agent")
    }

    /// Names the step in errors, and sets its limits and retries: those of a service on the network.
    fn stage(&self, _step: u8) -> &'static Stage {
        const { &Stage::service("credentials") }
    }

    fn ask(&mut self, _step: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        let endpoint = Endpoint::parse(self.url).map_err(|_| ErrorKind::Misuse)?;
        work.get(endpoint, &["/v1/credentials"], &[("x-agent-client", b"rolecall")])
    }

    fn take(
        &mut self,
        _step: u8,
        work: &mut Workspace<'_, '_>,
        outcome: Outcome<'_>,
    ) -> Result<Next, Trouble> {
        let reply = outcome.reply()?;
        reply.expect(200)?;
        let Workspace { exchange, slots, report, .. } = work;
        let slot = slots.first_mut().ok_or(ErrorKind::Misuse)?;
        Document::Metadata.read(reply.reply.body(exchange), slot, report)?;
        Ok(Next::Done)
    }
}
