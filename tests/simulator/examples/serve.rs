//! The simulator as a standalone program, for clients that are not Rust tests, such as firmware.
//!
//!     serve [--imds ADDRESS:PORT] [--container ADDRESS:PORT] [--container-token TOKEN]
//!           [--lifetime SECONDS] [--key ID:SECRET:TOKEN]... [--fault KIND]...
//!
//! IMDS and the container endpoint serve the given keys in turn, or newly generated ones. A fault is `reset`,
//! `stall`, `drip`, `500` or `megabyte`; each applies to one metadata request. Prints the environment
//! variables that describe the services, one per line, then `ready`; runs until standard input is closed,
//! then prints the request log.

use rolecall_simulator::{Config, Fault, HostKey, Simulator};
use std::error::Error;
use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::start(configuration(std::env::args().skip(1))?)?;
    for (name, value) in simulator.environment().into_iter().chain(simulator.container_environment()) {
        println!("{name}={value}");
    }
    println!("ready");
    stdin().read_to_end(&mut Vec::new())?;
    for event in simulator.events() {
        println!("{event}");
    }
    Ok(())
}

fn configuration(mut arguments: impl Iterator<Item = String>) -> Result<Config, Box<dyn Error>> {
    let mut config = Config::default();
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--imds" => {
                let at: SocketAddr = value.parse()?;
                (config.addresses.imds, config.ports.imds) = (at.ip(), at.port());
            }
            "--container" => {
                let at: SocketAddr = value.parse()?;
                (config.addresses.container, config.ports.container) = (at.ip(), at.port());
            }
            "--container-token" => config.container_token = Some(value),
            "--lifetime" => {
                let lifetime = Duration::from_secs(value.parse()?);
                (config.instance_lifetime, config.container_lifetime) = (lifetime, lifetime);
            }
            "--key" => {
                let mut parts = value.splitn(3, ':').map(str::to_owned);
                let (Some(access_key_id), Some(secret_access_key), Some(session_token)) =
                    (parts.next(), parts.next(), parts.next())
                else {
                    return Err("--key must be ID:SECRET:TOKEN".into());
                };
                config.host_keys.push(HostKey { access_key_id, secret_access_key, session_token });
            }
            "--fault" => config.imds_faults.push(match value.as_str() {
                "reset" => Fault::Reset,
                "stall" => Fault::Stall,
                "drip" => Fault::Drip,
                "500" => Fault::InternalError,
                "megabyte" => Fault::Megabyte,
                _ => return Err(format!("unknown fault: {value}").into()),
            }),
            _ => return Err(format!("unknown option: {option}").into()),
        }
    }
    Ok(config)
}
