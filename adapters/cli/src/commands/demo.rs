//! The whole flow of the guide *Assuming IAM Roles*, against EC2 metadata, STS and an S3-like bucket on
//! loopback.

use std::io::Write;
use std::process::ExitCode;

use rolecall::{Credentials, Environment, Provider, Request, Role};
use rolecall_simulator::{Config, Simulator};

use crate::failure::Failure;

/// Prints a line; a closed standard output is ignored.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

const OBJECT: &str = "This object crossed an account boundary.\n";

/// Runs every step. With `tamper`, the simulator verifies signatures with another secret than it issued, so
/// that every signed step has to fail.
pub(super) fn run(tamper: bool) -> Result<ExitCode, Failure> {
    let config = Config { verify_with_wrong_secret: tamper, ..Config::default() };
    let simulator = Simulator::start(config).map_err(|error| Failure::Demo(format!("simulator: {error}")))?;
    let steps = Steps { printed: 0.into(), simulator: &simulator };

    say!("A simulated EC2 instance, with STS and S3, on loopback. The environment:");
    for (name, value) in simulator.environment() {
        say!("  {name}={value}");
    }

    steps.begin("Credentials of the instance profile, over IMDSv2");
    let instance = Provider::from_environment(&simulator.environment().into_iter().collect())?;
    steps.end(&*instance.credentials()?);

    steps.begin("The identity of the credentials: GetCallerIdentity");
    let identity = instance.caller_identity()?;
    steps.asked();
    say!("   {} in account {}", identity.arn, identity.account);

    steps.begin("AssumeRole into another account, session \"demo\", DurationSeconds 900");
    let role = instance.assume_role(Role::new(simulator.role_arn(), "demo").duration_seconds(900));
    steps.end(&*role.credentials()?);
    say!("   {}", role.caller_identity()?.arn);
    steps.asked();

    let url = format!("{}/{}/reports/november.txt", simulator.s3_url(), simulator.bucket());
    steps.begin("A signed PUT of an object, with the role's credentials");
    steps.send(&role, &Request::new("PUT", &url)?.header("content-type", "text/plain")?.body(OBJECT))?;

    steps.begin("A signed GET of it");
    let body = steps.send(&role, &Request::new("GET", &url)?)?;
    steps.check(body == OBJECT.as_bytes(), "the object is not the one that was put")?;

    steps.begin("The same with the instance's own credentials: its account has no access to the bucket");
    let reply = instance.send(&Request::new("GET", &url)?)?;
    steps.asked();
    steps.check(reply.status == 403, "the bucket accepted credentials of another account")?;

    steps.begin("A task role, from the container endpoint");
    let container: Environment = simulator.container_environment().into_iter().collect();
    steps.end(&*Provider::from_environment(&container)?.credentials()?);

    say!("\nEvery signature above was checked by an independent implementation. All steps passed.");
    Ok(ExitCode::SUCCESS)
}

/// Numbers the steps, and prints the requests that the simulator received in each.
struct Steps<'s> {
    printed: std::cell::Cell<usize>,
    simulator: &'s Simulator,
}

impl Steps<'_> {
    fn begin(&self, what: &str) {
        say!("\n-> {what}");
    }

    /// Prints the requests since the last call, with their statuses.
    fn asked(&self) {
        let events = self.simulator.events();
        for event in &events[self.printed.get().min(events.len())..] {
            say!("   {event}");
        }
        self.printed.set(events.len());
    }

    fn end(&self, credentials: &Credentials) {
        self.asked();
        let token = credentials.expose_session_token().map_or(0, str::len);
        say!("   access key id {}", credentials.access_key_id());
        say!("   secret key    {} characters, not shown", credentials.expose_secret_access_key().len());
        say!("   session token {token} characters, not shown");
        if let Some(expiration) = credentials.expiration() {
            say!("   expires       {}", expiration.rfc3339());
        }
    }

    fn send(&self, provider: &Provider, request: &Request) -> Result<Vec<u8>, Failure> {
        let reply = provider.send(request)?;
        self.asked();
        say!("   HTTP status {}, {} bytes", reply.status, reply.body.len());
        self.check((200..300).contains(&reply.status), &String::from_utf8_lossy(&reply.body))?;
        Ok(reply.body)
    }

    fn check(&self, holds: bool, otherwise: &str) -> Result<(), Failure> {
        if holds { Ok(()) } else { Err(Failure::Demo(otherwise.to_owned())) }
    }
}
