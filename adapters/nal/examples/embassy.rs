//! A gateway on embassy, in two tasks: one keeps credentials fresh, the other signs and sends with them. Copy it as a
//! module of a firmware and call [`spawn`] once the network stack runs.
//!
//! `tests/firmware/examples` compiles this file for a board with embassy-net 0.9, embassy-executor 0.10,
//! embassy-sync 0.8 and embassy-time 0.5.

use embassy_executor::{SpawnError, Spawner};
use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::dns::DnsSocket;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::mutex::Mutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use rolecall_core::call::Outgoing;
use rolecall_core::credentials::OwnedCredentials;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sigv4::{Rules, Scope};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::{Authorization, Chain, Container, Held, Imds};
use rolecall_nal::asynch::Tcp;
use rolecall_nal::{Driver, WithDns};
use static_cell::ConstStaticCell;

/// The region and the bucket that the second task writes to.
const REGION: &str = "eu-west-1";
const BUCKET: &str = "http://devices.s3.eu-west-1.amazonaws.com";

/// What both tasks share: the credentials, and the clock that learned the time while they were fetched. A task
/// holds the lock while it copies, never while it waits for the network.
struct Shared {
    credentials: OwnedCredentials,
    clock: Clock,
}

static SHARED: Mutex<CriticalSectionRawMutex, Shared> =
    Mutex::new(Shared { credentials: OwnedCredentials::new(), clock: Clock::new() });

/// Wakes the first task before its time: a service refused the credentials as expired.
static REFUSED: Signal<CriticalSectionRawMutex, ()> = Signal::new();

/// A socket for each task, with 1 KB to send from and 2 KB to receive into.
type Sockets = TcpClientState<2, 1024, 2048>;
type Network = WithDns<TcpClient<'static, 2, 1024, 2048>, DnsSocket<'static>>;

/// Starts both tasks. `random` returns 32 bits of the hardware's random number generator.
///
/// # Errors
/// [`SpawnError`] if the tasks run already.
pub fn spawn(spawner: Spawner, stack: Stack<'static>, random: fn() -> u32) -> Result<(), SpawnError> {
    static SOCKETS: ConstStaticCell<Sockets> = ConstStaticCell::new(Sockets::new());

    let sockets = SOCKETS.try_take().ok_or(SpawnError::Busy)?;
    let network = || WithDns { stack: TcpClient::new(stack, sockets), dns: DnsSocket::new(stack) };
    spawner.spawn(refresh(Board { random }, network())?);
    spawner.spawn(report(Board { random }, network())?);
    Ok(())
}

/// Keeps credentials fresh for as long as the board runs: from the container endpoint, else from instance metadata.
#[embassy_executor::task]
async fn refresh(board: Board, network: Network) {
    // In statics, so that they are neither a part of the future nor built on the stack at a poll: 17 KB, for tokens of
    // 4 KB.
    static EXCHANGE: ConstStaticCell<[u8; 8_192]> = ConstStaticCell::new([0; 8_192]);
    static SLOTS: ConstStaticCell<[[u8; Slot::RECOMMENDED]; 2]> =
        ConstStaticCell::new([[0; Slot::RECOMMENDED]; 2]);

    let (Ok(mut container), Ok(endpoint)) =
        (Container::relative("/v2/credentials", Authorization::None), Endpoint::parse(Imds::ENDPOINT))
    else {
        return;
    };
    let mut imds = Imds::new(endpoint);
    let sources: [&mut dyn Flow<'_, Output = Lease>; 2] = [&mut container, &mut imds];
    let mut source = Refreshing::new(Chain::new(sources), Windows::default());

    let exchange = EXCHANGE.take();
    let mut slots = SLOTS.take().each_mut().map(|slot| Slot::new(slot));
    let mut driver = Driver::new(board, Tcp::new(network));
    let mut held = None;
    let mut failures = 0;
    loop {
        let mut memory = Memory { exchange, slots: &mut slots };
        match driver.run_async(&mut source, &mut memory).await {
            Ok(lease) => {
                failures = 0;
                if held.replace(lease) != Some(lease)
                    && let Some(credentials) = slots.first().and_then(Slot::credentials)
                {
                    let mut shared = SHARED.lock().await;
                    shared.clock = driver.clock().clone();
                    // 4,352 bytes hold whatever a slot of that size holds.
                    let _ = shared.credentials.store(&credentials);
                }
            }
            // Log it, and `driver.report()`, which has the words of the peer.
            Err(_error) => failures += 1,
        }
        let now = rolecall_nal::Board::now(driver.board()).monotonic;
        let due = due(source.policy().next_change(now), now, failures);
        if let Either::Second(()) = select(sleep_until(due), REFUSED.wait()).await
            && let Some(refused) = SHARED.lock().await.credentials.get()
        {
            source.invalidate(refused.access_key_id(), &Memory { exchange, slots: &mut slots });
        }
    }
}

/// When to fetch next. The policy says when credentials are due, and repeats a permanent refusal (no role, access
/// denied) for seconds only; after a failure, a board waits 5 s, 10 s, 20 s and so on, up to 5 min 20 s.
fn due(policy: Option<Instant>, now: Instant, failures: u32) -> Instant {
    let Some(doublings) = failures.checked_sub(1) else {
        // Credentials without an end are never due.
        return policy.unwrap_or(Instant::from_millis(u64::MAX));
    };
    let back_off = now.after_ms(5_000 << doublings.min(6));
    policy.map_or(back_off, |due| due.max(back_off))
}

/// Writes an object each minute, signed with what the first task fetched.
#[embassy_executor::task]
async fn report(board: Board, network: Network) {
    static EXCHANGE: ConstStaticCell<[u8; 4_096]> = ConstStaticCell::new([0; 4_096]);
    static SLOT: ConstStaticCell<[u8; Slot::RECOMMENDED]> = ConstStaticCell::new([0; Slot::RECOMMENDED]);

    let exchange = EXCHANGE.take();
    let mut slots = [Slot::new(SLOT.take())];
    let mut driver = Driver::new(board, Tcp::new(network));
    loop {
        Timer::after_secs(60).await;
        match send(&mut driver, &mut Memory { exchange, slots: &mut slots }).await {
            Ok(Some(answered)) if answered.credentials_ended => REFUSED.signal(()),
            // A reply of any status, or no credentials yet.
            Ok(_answered) => {}
            Err(_error) => {}
        }
    }
}

/// Returns `None` as long as there are no credentials.
async fn send(
    driver: &mut Driver<Board, Tcp<Network>>,
    memory: &mut Memory<'_, '_>,
) -> Result<Option<rolecall_core::call::Answered>, rolecall_core::error::Error> {
    let Ok(bucket) = Endpoint::parse(BUCKET) else { return Ok(None) };
    {
        let shared = SHARED.lock().await;
        let (Some(credentials), [slot, ..]) = (shared.credentials.get(), &mut *memory.slots) else {
            return Ok(None);
        };
        if slot.store(&credentials).is_err() {
            return Ok(None);
        }
        driver.set_clock(shared.clock.clone());
    }
    let scope = Scope { region: REGION, service: "s3", rules: Rules::S3 };
    let request = Outgoing::new("PUT", bucket, "/alive", scope);
    let answered = driver.send_async(&mut Held, request, memory).await;
    SHARED.lock().await.clock = driver.clock().clone();
    answered.map(Some)
}

/// The clock and the randomness of the board.
struct Board {
    random: fn() -> u32,
}

impl rolecall_nal::Board for Board {
    fn now(&mut self) -> Now {
        // 64 bits, which do not wrap. A counter of 32 bits does: `rolecall_nal::Ticks` extends it, as in `blocking.rs`.
        Now { monotonic: Instant::from_millis(embassy_time::Instant::now().as_millis()), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        (self.random)()
    }
}

impl rolecall_nal::asynch::Timer for Board {
    async fn sleep_until(&mut self, instant: Instant) {
        sleep_until(instant).await;
    }
}

async fn sleep_until(instant: Instant) {
    Timer::at(embassy_time::Instant::from_millis(instant.as_millis())).await;
}
