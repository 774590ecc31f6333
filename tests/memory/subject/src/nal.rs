//! The adapter for devices, over the operating system's TCP.

use std::time::{Duration, Instant};

use rolecall_core::call::Service;
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::skew::{self, Now};
use rolecall_core::sources::cognito::{Client, CredentialsForIdentity, Identity, Logins, Password, SignIn};
use rolecall_core::sources::sts::{
    AssumeRole, AssumeRoleRequest, AssumeRoleWithWebIdentity, AssumeRoleWithWebIdentityRequest,
};
use rolecall_core::sources::{Authorization, Container, Fixed, IdentityToken, Imds};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::{self, Timer};
use rolecall_nal::blocking::{self, ZeroRead};
use rolecall_nal::{Board, Driver};

use crate::input::Input;
use crate::stage::Stage;

const ROLE: [&str; 2] = ["arn:aws:iam::444455556666:role/x", "s1"];
const REGION: &str = "eu-west-1";
const IDENTITY_POOL: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
const LOGINS: Logins<'static> = Logins::of("accounts.example.com");

/// Runs a source, and scans memory when it has returned, and again when the caller has dropped everything.
pub(crate) fn run(source: &str, mode: &str, input: &Input, stage: &Stage) -> String {
    let url = input.get("url");
    let endpoint = Endpoint::parse(url).expect("a url");
    let service = Service::new(endpoint, REGION);
    let (keeps, holds) = (source == "imds", input.get("result") == "success");
    let drive = Drive { awaited: mode == "async", keeps, holds, stage };
    let ended = match source {
        "imds" => drive.run(Imds::new(endpoint)),
        "container" => {
            let token = input.lend("authorization");
            stage.exclude_lent(&[&token]);
            let url = format!("{url}/credentials");
            let token = Authorization::Token(token.text());
            drive.run(Container::full(&url, token).expect("a url"))
        }
        "assume-role" => {
            let key = input.lend("own secret");
            stage.exclude_lent(&[&key]);
            let base = Credentials::new("AKIDEXAMPLE", key.text(), None).expect("a key");
            let role = AssumeRoleRequest::new(ROLE[0], ROLE[1]);
            drive.run(AssumeRole::new(Fixed::new(Some(base)), service, role))
        }
        "web-identity" => {
            let token = input.lend("web token");
            stage.exclude_lent(&[&token]);
            let role = AssumeRoleWithWebIdentityRequest::new(ROLE[0], ROLE[1]);
            let base = IdentityToken::given(token.text());
            drive.run(AssumeRoleWithWebIdentity::new(base, service, role))
        }
        "identity-pool" => {
            let token = input.lend("web token");
            stage.exclude_lent(&[&token]);
            let base = IdentityToken::given(token.text());
            let identity = Identity::in_pool(base, service, IDENTITY_POOL, LOGINS);
            drive.run(CredentialsForIdentity::new(identity, service, LOGINS.credentials()))
        }
        "sign-in" | "password" => {
            let (password, secret) = (input.lend("password"), input.lend("client secret"));
            let random = input.lend("random");
            let mut kept = vec![0; 2048];
            stage.exclude_lent(&[&password, &secret, &random]);
            stage.exclude(&kept);
            let client = Client::new("client", input.get("user")).with_secret(Some(secret.text()));
            let typed = Password::Given(password.text());
            let flow = if source == "sign-in" {
                let random = random.bytes().try_into().expect("32 bytes");
                SignIn::proving(service, client, typed, input.get("pool"), random)
            } else {
                SignIn::sending(service, client, typed)
            };
            drive.run(flow.keeping(&mut kept))
        }
        _ => panic!("{source}"),
    };
    stage.include_all();
    stage.scan();
    ended
}

/// How a flow is driven.
struct Drive<'s> {
    awaited: bool,
    /// Whether the flow keeps its metadata token while it is valid, as documented.
    keeps: bool,
    /// Whether it will succeed, so that the first slot will hold the credentials.
    holds: bool,
    stage: &'s Stage,
}

impl Drive<'_> {
    #[inline(never)]
    fn run<'c>(&self, mut flow: impl Flow<'c, Output = Lease>) -> String {
        let stage = self.stage;
        let mut exchange = vec![0; 16 * 1024];
        let mut memory = vec![0; Slot::RECOMMENDED * flow.slots()];
        // The slots after the first are the caller's, and keep the request's secrets whatever the result.
        stage.exclude(&memory[if self.holds { 0 } else { Slot::RECOMMENDED }..]);
        if self.keeps {
            stage.exclude_value(&flow);
        }
        let mut slots: Vec<_> = memory.chunks_mut(Slot::RECOMMENDED).map(Slot::new).collect();
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        let (result, report) = if self.awaited {
            let tcp = asynch::Tcp::new(std_embedded_nal_async::Stack::default());
            let mut driver = Driver::new(Clocks(Instant::now()), tcp);
            let result = async_io::block_on(driver.run_async(&mut flow, &mut memory));
            stage.scan();
            (result, driver.report().to_string())
        } else {
            let idle = |_: &mut std_embedded_nal::Stack| std::thread::sleep(Duration::from_millis(1));
            let tcp = blocking::Tcp::new(std_embedded_nal::Stack, idle).with_zero_read(ZeroRead::End);
            let mut driver = Driver::new(Clocks(Instant::now()), tcp);
            let result = driver.run(&mut flow, &mut memory);
            stage.scan();
            (result, driver.report().to_string())
        };
        match result {
            Ok(_) => match slots.first().and_then(Slot::credentials) {
                Some(held) => held.access_key_id().to_owned(),
                None => "a token".to_owned(),
            },
            Err(error) => format!("{error} {report}"),
        }
    }
}

/// A correct clock on a fixed day, which the tests know.
struct Clocks(Instant);

/// 2026-01-02T03:04:05Z.
pub(crate) const TODAY: UnixTime = UnixTime::from_secs(1_767_323_045);

impl Board for Clocks {
    fn now(&mut self) -> Now {
        let monotonic = skew::Instant::from_millis(self.0.elapsed().as_millis() as u64);
        Now { monotonic, wall: Some(TODAY) }
    }

    fn entropy(&mut self) -> u32 {
        self.0.elapsed().subsec_nanos()
    }
}

impl Timer for Clocks {
    async fn sleep_until(&mut self, instant: skew::Instant) {
        let left = instant.ms_since(self.now().monotonic);
        async_io::Timer::after(Duration::from_millis(left)).await;
    }
}
