//! Asks the default chain of the official SDK for credentials again and again for some seconds, and STS with a client of
//! the SDK whose they are. Prints each access key id once, with its account, and where the chain has it from.

use std::time::{Duration, Instant};

use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use bridges_e2e::sdk;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).ok_or("usage: bridges-e2e SECONDS")?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(print(Duration::from_secs(seconds)))
}

async fn print(time: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let (start, mut seen) = (Instant::now(), Vec::new());
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(sdk()).load().await;
    let chain = config.credentials_provider().ok_or("the SDK has no credentials provider")?;
    loop {
        let credentials = chain.provide_credentials().await?;
        let key = credentials.access_key_id().to_owned();
        if !seen.contains(&key) {
            let shown = format!("{credentials:?}");
            let from = shown.split('"').nth(1).unwrap_or_default();
            // A new client, because each keeps credentials until they end.
            let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await?;
            println!("{from} {key} {}", identity.account().unwrap_or_default());
            seen.push(key);
        }
        if start.elapsed() >= time {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
