//! Shares credentials with other processes of the same user through files: of many that start together, one fetches.
//!
//! ```sh
//! cargo run -p rolecall --example shared_cache -- FOLDER
//! ```

use std::path::Path;

use rolecall::{Environment, Error, FileCache, Provider, Settings, Trace};

fn main() {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: shared_cache FOLDER");
        std::process::exit(2);
    };
    match run(&Environment::process(), folder.as_ref()) {
        Ok(access_key_id) => println!("{access_key_id}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// Takes the environment as an argument, so that a test can set the variables.
pub(crate) fn run(environment: &Environment, folder: &Path) -> Result<String, Error> {
    let settings = Settings::from_environment(environment)?;
    let provider = Provider::builder(settings)
        // The folder is created with mode 0700 and its files with 0600. Others' folders and files are refused.
        .cache(FileCache::new(folder))
        // A process that finds unexpired credentials in the cache makes no exchange, and prints nothing here.
        .trace(|step: Trace<'_>| eprintln!("{step}"))
        .build();
    Ok(provider.credentials()?.access_key_id().to_owned())
}
