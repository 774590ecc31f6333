//! A host whose clock is wrong by hours: the second attempt is signed with the service's time, and the
//! skew is reported. The clock is injected, so no test waits.

use std::sync::{Arc, Mutex};

use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::skew::Now;
use rolecall::{Buffer, Environment, Host, Provider, Request, Role, Settings, Streams, System, Trace};
use rolecall_simulator::{Config, Simulator};

/// The operating system as host, with its clock moved by some seconds.
struct Off {
    system: System,
    seconds: i64,
}

impl Off {
    fn moved(&self, now: Now) -> Now {
        Now { wall: now.wall.map(|wall| wall.saturating_add(self.seconds)), ..now }
    }
}

impl Host for Off {
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        match self.system.exchange(exchange, buffer, streams) {
            Answer::Reply(Reply { status, headers, body, sent, received }) => {
                let (sent, received) = (self.moved(sent), self.moved(received));
                Answer::Reply(Reply { status, headers, body, sent, received })
            }
            other => other,
        }
    }

    fn now(&self) -> Now {
        self.moved(self.system.now())
    }

    e2e::as_the_system!(read_file, run, resolve, prompt, random, sleep_until, entropy);
}

/// Creates a provider on a host with a wrong clock, and the list of exchanges and events that it traces.
fn off(simulator: &Simulator, seconds: i64, more: &[(&str, &str)]) -> (Provider, Arc<Mutex<Vec<String>>>) {
    let variables = simulator.environment();
    let variables = variables.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied());
    let settings = Settings::from_environment(&variables.collect::<Environment>()).expect("settings");
    let system = System::new(&settings);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let traced = heard.clone();
    let provider = Provider::builder(settings).host(Off { system, seconds }).trace(move |trace| {
        let event = match trace {
            Trace::Exchange { asked, outcome: Ok(status), .. } => format!("{status} {}", &asked[..4]),
            Trace::Clock { behind } => format!("clock {}", (behind as f64 / 3600.0).round()),
            Trace::Asking { .. } => return,
            other => format!("{other:?}"),
        };
        traced.lock().expect("no panic").push(event);
    });
    (provider.build(), heard)
}

/// A request that puts an object into the simulator's bucket.
fn put(simulator: &Simulator) -> Request {
    let url = format!("{}/{}/key", simulator.s3_url(), simulator.bucket());
    Request::new("PUT", &url).expect("a URL").body("content")
}

#[test]
fn a_role_is_assumed_on_the_second_attempt_and_later_calls_on_the_first() {
    for hours in [-7, 7, 24 * 400] {
        let simulator = Simulator::start(Config::default()).expect("a simulator");
        let (instance, heard) = off(&simulator, hours * 3600, &[]);
        let role = instance.assume_role(Role::new(simulator.role_arn(), "clock"));
        role.credentials().unwrap_or_else(|error| panic!("{hours} h: {error}"));
        let clock = format!("clock {}", -hours);
        let all = ["200 PUT ", "200 GET ", "200 GET ", "403 POST", &clock, "200 POST"];
        assert_eq!(*heard.lock().expect("no panic"), all, "{hours} h");
        heard.lock().expect("no panic").clear();
        // The measured skew is used for all further requests.
        assert!(role.caller_identity().is_ok());
        let reply = role.send(&put(&simulator)).expect("a reply");
        assert_eq!(reply.status, 200);
        assert_eq!(*heard.lock().expect("no panic"), ["200 POST", "200 PUT "], "{hours} h");
        assert!((role.clock_skew() + hours * 3600).abs() < 5);
    }
}

#[test]
fn a_request_with_a_skewed_date_is_retried() {
    let accounts = vec!["111122223333".to_owned()];
    let simulator =
        Simulator::start(Config { bucket_accounts: accounts, ..Config::default() }).expect("a simulator");
    let (instance, heard) = off(&simulator, 5 * 3600, &[]);
    let reply = instance.send(&put(&simulator)).expect("a reply");
    assert_eq!(reply.status, 200);
    assert_eq!(heard.lock().expect("no panic")[3..], ["403 PUT ", "clock -5", "200 PUT "]);
}

#[test]
fn the_correction_can_be_disabled() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let (instance, heard) = off(&simulator, 7 * 3600, &[("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true")]);
    let role = instance.assume_role(Role::new(simulator.role_arn(), "clock"));
    let error = role.credentials().expect_err("refused").to_string();
    assert!(error.contains("SignatureDoesNotMatch") || error.contains("RequestTimeTooSkewed"), "{error}");
    assert_eq!(heard.lock().expect("no panic").iter().filter(|line| line.starts_with("403")).count(), 1);
}
