//! Tests of the sources against the simulator over loopback.

use rolecall_core::call::Service;
use rolecall_core::credentials::Credentials;
use rolecall_core::error::ErrorKind;
use rolecall_core::flow::Endpoint;
use rolecall_core::skew::Clock;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_core::sources::{Authorization, Container, Fixed, Imds};
use rolecall_nal::blocking::ZeroRead;
use rolecall_simulator::{Config, Principal, Simulator, User};

use crate::board::{Loop, RealBoard};
use crate::loopback::Loopback;
use crate::on_both_loops;

on_both_loops!(
    a_role_is_assumed_with_metadata_credentials,
    container_credentials_are_fetched_by_address_and_by_name,
    without_a_wall_clock_the_time_is_learned_from_metadata,
    without_a_wall_clock_the_time_is_learned_from_a_refusal,
    a_clock_without_correction_gets_no_role,
    long_tokens_fit_the_recommended_memory,
);

fn loopback(on: Loop, knows_time: bool) -> Loopback {
    // `ZeroRead` does not matter, because no reply here ends with the stream.
    Loopback::new(on, RealBoard::new(knows_time), ZeroRead::NoData)
}

fn a_role_is_assumed_with_metadata_credentials(on: Loop) {
    let simulator = Simulator::start(Config::default()).unwrap();
    let (imds, sts) = (simulator.imds_url(), simulator.sts_url());
    let base = Imds::new(Endpoint::parse(&imds).unwrap());
    let service = Service::new(Endpoint::parse(&sts).unwrap(), simulator.region());
    let request = AssumeRoleRequest::new(simulator.role_arn(), "gateway-7");
    let mut flow = AssumeRole::new(base, service, request);

    let mut loopback = loopback(on, true);
    let lease = loopback.run(&mut flow).unwrap();
    assert!(lease.lifetime_ms.unwrap() > 3_000_000);
    let credentials = loopback.slots[0].credentials().unwrap();
    assert_eq!(credentials.account_id(), Some("444455556666"));
    assert!(credentials.session_token().is_some());
    let events: Vec<String> = simulator.events().iter().map(ToString::to_string).collect();
    assert_eq!(events.len(), 4, "{events:#?}");
    assert!(loopback.names().is_empty());
}

fn container_credentials_are_fetched_by_address_and_by_name(on: Loop) {
    let token = "the-task's-token".to_owned();
    let config = Config { container_token: Some(token.clone()), ..Config::default() };
    let simulator = Simulator::start(config).unwrap();
    let by_address = simulator.container_url();
    let by_name = by_address.replace("127.0.0.1", "localhost");
    for (url, names) in [(&by_address, &[][..]), (&by_name, &["localhost"][..])] {
        let mut flow = Container::full(url, Authorization::Token(&token)).unwrap();
        let mut loopback = loopback(on, true);
        loopback.run(&mut flow).unwrap();
        assert!(loopback.slots[0].credentials().unwrap().session_token().is_some());
        assert_eq!(loopback.names(), names);
    }
    let mut flow = Container::full(&by_address, Authorization::Token("another token")).unwrap();
    let error = loopback(on, true).run(&mut flow).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Status(400..=403)), "{error}");
}

fn near(simulator_ahead: i64, time: rolecall_core::wire::time::UnixTime) {
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let off = time.as_secs() as i64 - real as i64 - simulator_ahead;
    assert!(off.abs() <= 2, "{off} s");
}

fn without_a_wall_clock_the_time_is_learned_from_metadata(on: Loop) {
    let simulator = Simulator::start(Config { clock_offset: 86_400, ..Config::default() }).unwrap();
    let (imds, sts) = (simulator.imds_url(), simulator.sts_url());
    let base = Imds::new(Endpoint::parse(&imds).unwrap());
    let service = Service::new(Endpoint::parse(&sts).unwrap(), simulator.region());
    let mut flow = AssumeRole::new(base, service, AssumeRoleRequest::new(simulator.role_arn(), "gateway"));
    let mut loopback = loopback(on, false);
    assert_eq!(loopback.time(), None);
    loopback.run(&mut flow).unwrap();
    near(86_400, loopback.time().unwrap());
    // The first signed request already uses the learned time.
    assert_eq!(simulator.events().len(), 4);
}

const KEY_ID: &str = "AKIDPROVISIONED00001";
const SECRET: &str = "provisioned/secret+access+key/of+a+board";

fn with_user() -> Config {
    let arn = "arn:aws:iam::111122223333:user/board".to_owned();
    let user = User { arn: arn.clone(), access_key_id: KEY_ID.into(), secret_access_key: SECRET.into() };
    let mut config = Config { users: vec![user], clock_offset: -40_000, ..Config::default() };
    config.roles[0].trusts.push(Principal::Arn(arn));
    config
}

fn without_a_wall_clock_the_time_is_learned_from_a_refusal(on: Loop) {
    let simulator = Simulator::start(with_user()).unwrap();
    let sts = simulator.sts_url();
    let base = Fixed::new(Some(Credentials::new(KEY_ID, SECRET, None).unwrap()));
    let service = Service::new(Endpoint::parse(&sts).unwrap(), simulator.region());
    let mut flow = AssumeRole::new(base, service, AssumeRoleRequest::new(simulator.role_arn(), "gateway"));
    let mut loopback = loopback(on, false);
    loopback.run(&mut flow).unwrap();
    near(-40_000, loopback.time().unwrap());
    let events: Vec<String> = simulator.events().iter().map(ToString::to_string).collect();
    assert_eq!(events.len(), 2, "{events:#?}");
    assert!(loopback.report().is_empty());
}

fn a_clock_without_correction_gets_no_role(on: Loop) {
    let simulator = Simulator::start(with_user()).unwrap();
    let sts = simulator.sts_url();
    let base = Fixed::new(Some(Credentials::new(KEY_ID, SECRET, None).unwrap()));
    let service = Service::new(Endpoint::parse(&sts).unwrap(), simulator.region());
    let mut flow = AssumeRole::new(base, service, AssumeRoleRequest::new(simulator.role_arn(), "gateway"));
    let mut loopback = loopback(on, false).with_clock(Clock::uncorrected());
    assert_eq!(loopback.run(&mut flow).unwrap_err().kind, ErrorKind::ClockUnknown);
    // With a wrong wall clock the service rejects the request and reports the reason.
    let mut loopback =
        Loopback::new(on, RealBoard::new(true), ZeroRead::NoData).with_clock(Clock::uncorrected());
    let error = loopback.run(&mut flow).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Refused { status: 403, .. }), "{error}");
    assert!(!loopback.report().code().is_empty());
    // The report of an earlier run is cleared.
    let mut given = Fixed::new(Some(Credentials::new(KEY_ID, SECRET, None).unwrap()));
    loopback.run(&mut given).unwrap();
    assert!(loopback.report().is_empty());
}

fn long_tokens_fit_the_recommended_memory(on: Loop) {
    let simulator = Simulator::start(Config { session_token_length: 4_096, ..Config::default() }).unwrap();
    let (imds, sts) = (simulator.imds_url(), simulator.sts_url());
    let base = Imds::new(Endpoint::parse(&imds).unwrap());
    let service = Service::new(Endpoint::parse(&sts).unwrap(), simulator.region());
    let mut flow = AssumeRole::new(base, service, AssumeRoleRequest::new(simulator.role_arn(), "gateway"));
    let mut loopback = loopback(on, true);
    loopback.run(&mut flow).unwrap();
    let credentials = loopback.slots[0].credentials().unwrap();
    assert_eq!(credentials.session_token().unwrap().expose().len(), 4_096);
}
