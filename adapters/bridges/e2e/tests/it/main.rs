//! The bridges, each with the client that it is for, against the simulator.

mod asynchronous;
mod object_store;
mod reqsign;
mod sdk;
#[cfg(unix)]
mod serve;

use std::time::{Duration, Instant};

use rolecall::{Environment, Provider};
use rolecall_aws::AsyncProvider;
use rolecall_simulator::{Config, Service, Simulator};

/// Runs a future on one thread, for half a minute at most: what blocks it, blocks all of its tasks.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), future).await }).expect("in time")
}

/// Services in which a container's role may use the bucket, and has credentials for so many seconds: others after half
/// of them.
fn short_lived(seconds: u64) -> Simulator {
    let mut config = Config { container_lifetime: Duration::from_secs(seconds), ..Config::default() };
    config.bucket_accounts.push(config.host_account.clone());
    Simulator::start(config).expect("ports on loopback")
}

/// A provider for these variables alone, without the shared files of this machine.
fn provider<'a>(variables: impl IntoIterator<Item = (&'a str, String)>) -> AsyncProvider {
    let files =
        ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].map(|name| (name, "/nonexistent".to_owned()));
    let environment = Environment::from_iter(files.into_iter().chain(variables));
    AsyncProvider::new(Provider::from_environment(&environment).expect("settings"))
}

/// A provider without any source.
fn without_sources() -> AsyncProvider {
    provider([("AWS_EC2_METADATA_DISABLED", "true".to_owned())])
}

/// A provider whose container endpoint refuses its token.
fn refused(simulator: &Simulator) -> AsyncProvider {
    let mut variables = simulator.container_environment();
    variables.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another".to_owned()));
    provider(variables)
}

/// Calls `send` again and again until the service has accepted two access key ids.
async fn until_refreshed(simulator: &Simulator, service: Service, send: impl AsyncFn()) {
    let start = Instant::now();
    while accepted(simulator, service).len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", accepted(simulator, service));
        send().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The access key ids of the requests to a service that a signature was right on, each once.
fn accepted(simulator: &Simulator, service: Service) -> Vec<String> {
    let events = simulator.events().into_iter();
    let of_service = events.filter(|event| event.service == service && event.status != 403);
    let mut keys: Vec<String> = of_service.filter_map(|event| event.access_key_id).collect();
    keys.dedup();
    keys
}
