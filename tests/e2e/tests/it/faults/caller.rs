//! The adapters under test: the command, which uses ureq, and rolecall-nal over the operating system's TCP.

use std::time::{Duration, Instant, SystemTime};

use e2e::command::rolecall_weighed;
use rolecall_core::call::{Call, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::skew::Now;
use rolecall_core::sources::cognito::{Identity, Logins};
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_core::sources::{Authorization, Container, Fixed, Imds, Unsigned};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::{self, Timer};
use rolecall_nal::blocking::{self, ZeroRead};
use rolecall_nal::{Board, Driver};

use super::source::{Keys, Source};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Ureq,
    Nal,
    Async,
}

/// The result of a fetch.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The credentials, or the displayed error.
    pub(crate) result: Result<Keys, String>,
    pub(crate) took: Duration,
    /// Processor time.
    pub(crate) cpu: Duration,
    /// Peak memory in bytes, of the command.
    pub(crate) peak: Option<u64>,
}

const KEY: [&str; 2] = ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"];
const ROLE: [&str; 2] = ["arn:aws:iam::444455556666:role/x", "s1"];
const POOL: &str = "us-east-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
const REGION: &str = "us-east-1";
pub(crate) const AUTHORIZATION: &str = "Bearer-of-the-task";

impl Caller {
    pub(crate) const ALL: [Self; 3] = [Self::Ureq, Self::Nal, Self::Async];

    pub(crate) fn fetch(self, source: Source, url: &str) -> Fetched {
        match (self, source) {
            (Self::Ureq, _) => by_command(source, url),
            (_, Source::Imds) => self.by_driver(&mut Imds::new(endpoint(url))),
            (_, Source::Container) => {
                let url = format!("{url}/credentials");
                let token = Authorization::Token(AUTHORIZATION);
                self.by_driver(&mut Container::full(&url, token).expect("a url"))
            }
            (_, Source::Sts) => {
                let base = Fixed::new(Some(Credentials::new(KEY[0], KEY[1], None).expect("a key")));
                let role = AssumeRoleRequest::new(ROLE[0], ROLE[1]);
                self.by_driver(&mut AssumeRole::new(base, service(url), role))
            }
            (_, Source::Cognito) => {
                let anonymous = Logins::default();
                let identity = Identity::in_pool(Unsigned, service(url), POOL, anonymous);
                self.by_driver(&mut Call::new(identity, service(url), anonymous.credentials()))
            }
        }
    }

    fn by_driver<'c>(self, flow: &mut impl Flow<'c, Output = Lease>) -> Fetched {
        // Large enough for every flow's limit on bodies: memory limits are not tested here.
        let mut exchange = vec![0; 300 * 1024];
        let mut slots = vec![[0; Slot::RECOMMENDED]; flow.slots()];
        let mut slots: Vec<_> = slots.iter_mut().map(|slot| Slot::new(slot)).collect();
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        let (start, before) = (Instant::now(), thread_time());
        let (result, report) = if self == Self::Nal {
            let idle = |_: &mut std_embedded_nal::Stack| std::thread::sleep(Duration::from_millis(1));
            let tcp = blocking::Tcp::new(std_embedded_nal::Stack, idle).with_zero_read(ZeroRead::End);
            let mut driver = Driver::new(Clocks(start), tcp);
            (driver.run(flow, &mut memory), driver.report().clone())
        } else {
            let stack = std_embedded_nal_async::Stack::default();
            let mut driver = Driver::new(Clocks(start), asynch::Tcp::new(stack));
            (async_io::block_on(driver.run_async(flow, &mut memory)), driver.report().clone())
        };
        let (took, cpu) = (start.elapsed(), thread_time().saturating_sub(before));
        let wiped = exchange.iter().all(|byte| *byte == 0);
        assert!(wiped, "the exchange buffer is not wiped");
        let held = slots.first().and_then(Slot::credentials).map(|held| Keys {
            id: held.access_key_id().to_owned(),
            secret: held.secret_access_key().expose().to_owned(),
            token: held.session_token().map(|token| token.expose().to_owned()),
            expiration: held.expiration().map(|time| time.rfc3339().as_str().to_owned()),
        });
        let result = match result {
            Ok(_) => Ok(held.expect("the slot holds credentials")),
            Err(error) => {
                assert!(held.is_none(), "credentials after an error");
                Err(format!("{error} {} {}", report.code(), report.message()))
            }
        };
        Fetched { result, took, cpu, peak: None }
    }
}

fn by_command(source: Source, url: &str) -> Fetched {
    let container = format!("{url}/credentials");
    let assume = ["credentials", "--role-arn", ROLE[0], "--role-session-name", ROLE[1]];
    let anonymous = ["credentials", "--cognito-identity-pool", POOL];
    let run = match source {
        Source::Imds => rolecall_weighed(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)]),
        Source::Container => rolecall_weighed(
            &["credentials"],
            [
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", AUTHORIZATION),
            ],
        ),
        Source::Sts => rolecall_weighed(
            &assume,
            [
                ("AWS_ACCESS_KEY_ID", KEY[0]),
                ("AWS_SECRET_ACCESS_KEY", KEY[1]),
                ("AWS_REGION", REGION),
                ("AWS_ENDPOINT_URL_STS", url),
            ],
        ),
        Source::Cognito => rolecall_weighed(&anonymous, [("AWS_ENDPOINT_URL_COGNITO_IDENTITY", url)]),
    };
    let result = match run.code {
        Some(0) => {
            let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("one document");
            let text = |name: &str| document[name].as_str().map(str::to_owned);
            let need = |name: &str| text(name).expect("a member");
            Ok(Keys {
                id: need("AccessKeyId"),
                secret: need("SecretAccessKey"),
                token: text("SessionToken"),
                expiration: text("Expiration"),
            })
        }
        _ => Err(run.failed().to_owned()),
    };
    Fetched { result, took: run.took, cpu: run.cpu(), peak: Some(run.peak()) }
}

fn endpoint(url: &str) -> Endpoint<'_> {
    Endpoint::parse(url).expect("a url")
}

fn service(url: &str) -> Service<'_> {
    Service::new(endpoint(url), REGION)
}

/// The processor time of this thread, as the kernel reports it in nanoseconds.
fn thread_time() -> Duration {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let spent = account.split(' ').next().and_then(|spent| spent.parse().ok());
    Duration::from_nanos(spent.expect("a number"))
}

/// The operating system's clocks.
struct Clocks(Instant);

impl Board for Clocks {
    fn now(&mut self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        Now {
            monotonic: rolecall_core::skew::Instant::from_millis(self.0.elapsed().as_millis() as u64),
            wall: Some(UnixTime::from_secs(wall.as_secs())),
        }
    }

    fn entropy(&mut self) -> u32 {
        self.0.elapsed().subsec_nanos().wrapping_mul(2_654_435_761)
    }
}

impl Timer for Clocks {
    async fn sleep_until(&mut self, instant: rolecall_core::skew::Instant) {
        let left = instant.ms_since(self.now().monotonic);
        async_io::Timer::after(Duration::from_millis(left)).await;
    }
}
