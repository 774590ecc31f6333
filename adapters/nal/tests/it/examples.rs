//! Runs the PC examples against the simulator. `tests/firmware/examples` compiles the board examples.

#[allow(dead_code, reason = "`main` is not called")]
#[path = "../../examples/iot_gateway.rs"]
pub(crate) mod iot_gateway;
#[allow(dead_code, reason = "`main` is not called")]
#[path = "../../examples/pc_async.rs"]
mod pc_async;
#[allow(dead_code, reason = "`main` is not called")]
#[path = "../../examples/pc_blocking.rs"]
mod pc_blocking;

use rolecall_simulator::{Config, Service, Simulator};

fn count_requests(simulator: &Simulator, service: Service) -> usize {
    simulator.events().iter().filter(|event| event.service == service).count()
}

#[test]
fn pc_blocking_writes_an_object_of_another_account() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    assert_eq!(pc_blocking::run(&simulator).expect("sent"), 200);
    let counts =
        [Service::Imds, Service::Sts, Service::S3].map(|service| count_requests(&simulator, service));
    assert_eq!(counts, [3, 1, 1]);
}

#[test]
fn pc_async_fetches_once_for_two_requests() {
    let mut config = Config::default();
    config.bucket_accounts.push(config.host_account.clone());
    let simulator = Simulator::start(config).expect("ports on loopback");
    assert_eq!(async_io::block_on(pc_async::run(&simulator)).expect("sent"), [404, 404]);
    assert_eq!([Service::Container, Service::S3].map(|service| count_requests(&simulator, service)), [1, 2]);
}
