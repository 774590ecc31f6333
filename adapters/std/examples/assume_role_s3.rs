//! Assumes a role in another account, and writes and reads an object with it.
//!
//! ```sh
//! cargo run -p rolecall --example assume_role_s3 -- ROLE_ARN BUCKET
//! ```

use rolecall::{Environment, Error, Provider, Request, Role};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role_arn, bucket] = arguments.as_slice() else {
        eprintln!("usage: assume_role_s3 ROLE_ARN BUCKET");
        std::process::exit(2);
    };
    if let Err(error) = run(&Environment::process(), role_arn, bucket) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Takes the environment as an argument, so that a test can set the variables.
pub(crate) fn run(environment: &Environment, role_arn: &str, bucket: &str) -> Result<(), Error> {
    let base = Provider::from_environment(environment)?;
    // The session is named in the audit log of the other account.
    let role = Role::new(role_arn, "assume-role-s3").duration_seconds(900);
    let provider = base.assume_role(role);

    // AWS_ENDPOINT_URL_S3 names another endpoint, for tests and for services compatible with S3.
    let endpoint = match environment.get("AWS_ENDPOINT_URL_S3") {
        Some(endpoint) => format!("{endpoint}/{bucket}"),
        None => {
            let region = environment.get("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned());
            format!("https://{bucket}.s3.{region}.amazonaws.com")
        }
    };
    let url = format!("{endpoint}/hello.txt");
    let put = Request::new("PUT", &url)?.service("s3").body("hello");
    // A reply of any status is a reply; only what prevents one is an error. Three attempts within a minute.
    let reply = provider.send(&put.attempts(3, std::time::Duration::from_secs(60)))?;
    println!("PUT {url}: {}", reply.status);

    let reply = provider.send(&Request::new("GET", &url)?.service("s3"))?;
    println!("GET {url}: {}, {} bytes", reply.status, reply.body.len());
    Ok(())
}
