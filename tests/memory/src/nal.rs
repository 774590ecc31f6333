//! The adapter for devices, over the machine's own TCP.

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

use crate::given::Given;
use crate::stage::Stage;

const ROLE: [&str; 2] = ["arn:aws:iam::444455556666:role/x", "s1"];
const REGION: &str = "eu-west-1";
const IDENTITY_POOL: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
const LOGINS: Logins<'static> = Logins::of("accounts.example.com");

/// Runs a source, has memory looked at when it has ended, and again when the caller has dropped all of it.
pub(crate) fn run(source: &str, way: &str, given: &Given, stage: &Stage) -> String {
    let url = given.get("url");
    let endpoint = Endpoint::parse(url).expect("a url");
    let service = Service::new(endpoint, REGION);
    let (keeps, holds) = (source == "imds", given.get("ends") == "well");
    let drive = Drive { awaited: way == "async", keeps, holds, stage };
    let ended = match source {
        "imds" => drive.run(Imds::new(endpoint)),
        "container" => {
            let token = given.lend("authorization");
            stage.spare_lent(&[&token]);
            let url = format!("{url}/credentials");
            let token = Authorization::Token(token.text());
            drive.run(Container::full(&url, token).expect("a url"))
        }
        "assume-role" => {
            let key = given.lend("own secret");
            stage.spare_lent(&[&key]);
            let base = Credentials::new("AKIDEXAMPLE", key.text(), None).expect("a key");
            let role = AssumeRoleRequest::new(ROLE[0], ROLE[1]);
            drive.run(AssumeRole::new(Fixed::new(Some(base)), service, role))
        }
        "web-identity" => {
            let token = given.lend("web token");
            stage.spare_lent(&[&token]);
            let role = AssumeRoleWithWebIdentityRequest::new(ROLE[0], ROLE[1]);
            let base = IdentityToken::given(token.text());
            drive.run(AssumeRoleWithWebIdentity::new(base, service, role))
        }
        "identity-pool" => {
            let token = given.lend("web token");
            stage.spare_lent(&[&token]);
            let base = IdentityToken::given(token.text());
            let identity = Identity::in_pool(base, service, IDENTITY_POOL, LOGINS);
            drive.run(CredentialsForIdentity::new(identity, service, LOGINS.credentials()))
        }
        "sign-in" | "password" => {
            let (password, secret) = (given.lend("password"), given.lend("client secret"));
            let random = given.lend("random");
            let mut kept = vec![0; 2048];
            stage.spare_lent(&[&password, &secret, &random]);
            stage.spare(&kept);
            let client = Client::new("client", given.get("user")).with_secret(Some(secret.text()));
            let typed = Password::Given(password.text());
            let flow = if source == "sign-in" {
                let random = random.bytes().try_into().expect("32 bytes");
                SignIn::proving(service, client, typed, given.get("pool"), random)
            } else {
                SignIn::sending(service, client, typed)
            };
            drive.run(flow.keeping(&mut kept))
        }
        _ => panic!("{source}"),
    };
    stage.spare_nothing();
    stage.look();
    ended
}

/// How a flow is driven.
struct Drive<'s> {
    awaited: bool,
    /// The flow keeps its metadata token for as long as that is good, by the documentation.
    keeps: bool,
    /// It will end well, and the first slot hold what was fetched.
    holds: bool,
    stage: &'s Stage,
}

impl Drive<'_> {
    #[inline(never)]
    fn run<'c>(&self, mut flow: impl Flow<'c, Output = Lease>) -> String {
        let stage = self.stage;
        let mut exchange = vec![0; 16 * 1024];
        let mut memory = vec![0; Slot::RECOMMENDED * flow.slots()];
        // What it was asked with stays in the slots behind the first, however it ends.
        stage.spare(&memory[if self.holds { 0 } else { Slot::RECOMMENDED }..]);
        if self.keeps {
            stage.spare_value(&flow);
        }
        let mut slots: Vec<_> = memory.chunks_mut(Slot::RECOMMENDED).map(Slot::new).collect();
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        let (result, report) = if self.awaited {
            let tcp = asynch::Tcp::new(std_embedded_nal_async::Stack::default());
            let mut driver = Driver::new(Clocks(Instant::now()), tcp);
            let result = async_io::block_on(driver.run_async(&mut flow, &mut memory));
            stage.look();
            (result, driver.report().to_string())
        } else {
            let idle = |_: &mut std_embedded_nal::Stack| std::thread::sleep(Duration::from_millis(1));
            let tcp = blocking::Tcp::new(std_embedded_nal::Stack, idle).with_zero_read(ZeroRead::End);
            let mut driver = Driver::new(Clocks(Instant::now()), tcp);
            let result = driver.run(&mut flow, &mut memory);
            stage.look();
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

/// A clock that is right, and a day that the tests know.
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
