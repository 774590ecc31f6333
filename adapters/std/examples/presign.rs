//! Prints a URL with which anyone can read an object for five minutes, without credentials.
//!
//! ```sh
//! cargo run -p rolecall --example presign -- https://BUCKET.s3.REGION.amazonaws.com/KEY
//! ```

use rolecall::{Environment, Error, Provider, Request};

fn main() {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: presign URL");
        std::process::exit(2);
    };
    match run(&Environment::process(), &url) {
        Ok(presigned) => println!("{presigned}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// Takes the environment as an argument, so that a test can set the variables.
pub(crate) fn run(environment: &Environment, url: &str) -> Result<String, Error> {
    let provider = Provider::from_environment(environment)?;
    // With temporary credentials the URL ends when they do, even if that is sooner.
    let presigned = provider.presign(&Request::new("GET", url)?, 300)?;
    Ok(presigned.url().to_owned())
}
