//! Finds credentials as every AWS client does, and prints whose they are.
//!
//! ```sh
//! cargo run -p rolecall --example default_chain
//! ```

use rolecall::{Environment, Error, Provider};

fn main() {
    if let Err(error) = run(&Environment::process()) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Takes the environment as an argument, so that a test can set the variables.
pub(crate) fn run(environment: &Environment) -> Result<(), Error> {
    let provider = Provider::from_environment(environment)?;
    let credentials = match provider.credentials() {
        Ok(credentials) => credentials,
        Err(error) => {
            // Every place that was searched, in order, with advice.
            eprintln!("{}", provider.explain());
            return Err(error);
        }
    };
    println!("access key {}", credentials.access_key_id());
    match credentials.expiration() {
        Some(end) => println!("expires at {}", end.rfc3339()),
        None => println!("does not expire"),
    }
    println!("identity {}", provider.caller_identity()?.arn);
    Ok(())
}
