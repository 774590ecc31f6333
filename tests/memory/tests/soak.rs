//! Memory does not grow over as many signatures and refreshes as a gateway makes in years.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::skew::{Instant, Now};
use rolecall::{Buffer, Environment, Host, Provider, Request, Settings, Streams, UnixTime};

const SIGNATURES: u64 = 1_000_000;
const REFRESHES: u64 = 10_000;
const START: u64 = 1_767_323_045;
const HOUR: u64 = 3_600_000;

/// A simulated instance whose clock advances by each wait at once.
#[derive(Default)]
struct Fast {
    /// Milliseconds since the start.
    now: AtomicU64,
    fetches: AtomicU64,
}

impl Fast {
    fn seconds(&self) -> u64 {
        START + self.now.load(Ordering::Relaxed) / 1000
    }
}

struct Shared(&'static Fast);

impl Host for Shared {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let target = exchange.request.head(buffer.bytes()).expect("a request").target.to_owned();
        let sent = self.now();
        let body = match target.as_str() {
            "/latest/api/token" => "token".to_owned(),
            "/latest/meta-data/iam/security-credentials/" => "role".to_owned(),
            _ => {
                let fetch = self.0.fetches.fetch_add(1, Ordering::Relaxed);
                let end = UnixTime::from_secs(self.0.seconds() + 6 * 3600).rfc3339();
                format!(
                    r#"{{"Code":"Success","AccessKeyId":"ASIA{fetch:016}","SecretAccessKey":"secret","Token":"{}","Expiration":"{end}"}}"#,
                    "t".repeat(800)
                )
            }
        };
        let headers = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n";
        buffer.clear();
        buffer.append(headers.as_bytes());
        buffer.append(body.as_bytes());
        let (headers, body) = (0..headers.len(), headers.len()..headers.len() + body.len());
        Answer::Reply(Reply { status: 200, headers, body, sent, received: self.now() })
    }

    fn read_file(&self, _: &str, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::File, kind: FailureKind::NotFound })
    }

    fn run(&self, _: &str, _: &[(&str, &str)], _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Process, kind: FailureKind::NotFound })
    }

    fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, Failure> {
        Err(Failure { phase: Phase::Resolve, kind: FailureKind::NotFound })
    }

    fn prompt(&self, _: &str, _: bool, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: FailureKind::Unsupported })
    }

    fn now(&self) -> Now {
        let now = self.0.now.load(Ordering::Relaxed);
        Now { monotonic: Instant::from_millis(now), wall: Some(UnixTime::from_secs(self.0.seconds())) }
    }

    fn sleep_until(&self, instant: Instant) {
        self.0.now.fetch_max(instant.as_millis(), Ordering::Relaxed);
    }

    fn entropy(&self) -> u32 {
        self.0.now.load(Ordering::Relaxed) as u32
    }

    fn random(&self, _: &mut [u8]) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: FailureKind::Unsupported })
    }
}

/// Resident memory in KiB; `None` where the system does not report it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// Allowed variation from the allocator's own pages, in KiB.
const SLACK: u64 = 256;

#[test]
fn memory_does_not_grow() {
    let fast: &Fast = Box::leak(Box::default());
    let nothing: Environment = std::iter::empty::<(String, String)>().collect();
    let provider =
        Provider::builder(Settings::from_environment(&nothing).expect("settings")).host(Shared(fast)).build();
    let url = "https://bucket.s3.eu-west-1.amazonaws.com/a/key%20with%20spaces?list-type=2&prefix=a";
    let request = Request::new("GET", url).expect("a request").header("x-amz-meta-a", "b").expect("a header");

    let sign = |count: u64| {
        for _ in 0..count {
            provider.sign(&request).expect("a signature");
        }
    };
    // New credentials every six hours, at the latest in the hour before they expire.
    let refresh = |count: u64| {
        let until = fast.fetches.load(Ordering::Relaxed) + count;
        while fast.fetches.load(Ordering::Relaxed) < until {
            fast.now.fetch_add(HOUR, Ordering::Relaxed);
            let credentials = provider.credentials().expect("credentials");
            let left = credentials.expiration().expect("an end").as_secs() - fast.seconds();
            assert!(left > 0, "expired credentials were returned");
        }
    };

    sign(SIGNATURES / 100);
    refresh(REFRESHES / 100);
    let before = resident();
    sign(SIGNATURES);
    refresh(REFRESHES);
    let after = resident();
    let years = fast.now.load(Ordering::Relaxed) / HOUR / 24 / 365;
    println!(
        "{SIGNATURES} signatures, {REFRESHES} refreshes in {years} years: {before:?} KiB, then {after:?}"
    );
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after <= before + SLACK, "memory grew from {before} to {after} KiB");
    }
}
