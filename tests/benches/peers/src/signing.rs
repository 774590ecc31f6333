//! The operations, signed by all.

use std::hint::black_box;
use std::rc::Rc;

use benches::Operation;
use benches::bare::{self, Needed};
use benches::signer::Signer;

use crate::clock::{Timed, shortest, timed, timed_with};
use crate::provider::Through;
use crate::signers::{AwsSigV4, ObjectStore, Reqsign, RustS3, RustyS3};

/// The other signers, in the order of [`Row::others`].
pub(crate) const OTHERS: [&str; 5] =
    [AwsSigV4::NAME, Reqsign::NAME, RustyS3::NAME, ObjectStore::NAME, RustS3::NAME];

const CALLS: usize = 100;

/// The times of an operation, in nanoseconds, with the signing key derived (`cold`) or kept.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) kept: bool,
    /// The SHA-256 compressions that the signature needs.
    pub(crate) blocks: usize,
    /// These alone.
    pub(crate) floor: f64,
    /// From the parts of a request to its signature.
    pub(crate) signed: f64,
    /// The same, and the header lines or the presigned target in the caller's buffer.
    pub(crate) written: f64,
    /// By the provider, which keeps keys, and returns owned strings.
    pub(crate) provider: Option<f64>,
    /// By the other signers, all of which derive the key: the same in both rows.
    pub(crate) others: [Option<f64>; 5],
}

impl Row {
    /// The other times, as multiples of `written`.
    pub(crate) fn times_written(&self) -> [Option<f64>; 5] {
        self.others.map(|time| time.map(|time| time / self.written))
    }
}

/// Measures every operation; two rows each.
pub(crate) fn rows(rounds: usize) -> Vec<Row> {
    Operation::all().iter().flat_map(|operation| measure(rounds, operation)).collect()
}

fn measure(rounds: usize, operation: &Operation) -> [Row; 2] {
    let needed = Needed::of(operation);
    let blocks = &vec![[0x5a; 64]; needed.cold()];
    let (credentials, key) = (operation.credentials(), operation.key());
    let (mut cold_out, mut kept_out) = ([0; 8192], [0; 8192]);
    let through = Through::new(operation);
    let floor = |count| timed(CALLS, move || bare::run(black_box(blocks), count));
    let times = shortest(
        rounds,
        vec![[
            Some(floor(needed.cold())),
            Some(timed(CALLS, || black_box(operation).sign_cold(&credentials))),
            Some(timed(CALLS, || {
                let operation = black_box(operation);
                operation.sign_and_write(&credentials, &operation.key(), &mut cold_out).len()
            })),
            Some(floor(needed.kept())),
            Some(timed(CALLS, || black_box(operation).sign(&credentials, &key))),
            Some(timed(CALLS, || {
                black_box(operation).sign_and_write(&credentials, &key, &mut kept_out).len()
            })),
            Some(timed(CALLS, || through.sign())),
            other::<AwsSigV4>(operation),
            other::<Reqsign>(operation),
            other::<RustyS3>(operation),
            other::<ObjectStore>(operation),
            other::<RustS3>(operation),
        ]],
    );
    let times = times[0];
    let [cold @ .., _, _, _, _, _, _, _, _, _] = times;
    let [_, _, _, kept @ .., _, _, _, _, _, _] = times;
    let [_, _, _, _, _, _, provider, others @ ..] = times;
    let row = |kept, blocks, times: [Option<f64>; 3], provider| {
        let [floor, signed, written] = times.map(|time| time.expect("it was measured"));
        Row { name: operation.name, kept, blocks, floor, signed, written, provider, others }
    };
    [row(false, needed.cold(), cold, None), row(true, needed.kept(), kept, provider)]
}

/// Another signer, once its signature is that of `rolecall-core`; `None` if it cannot sign the operation.
fn other<S: Signer + 'static>(operation: &Operation) -> Option<Timed<'static>> {
    let signer = Rc::new(S::new(operation)?);
    signer.signature(&signer.sign(signer.request())).check(operation);
    let same = signer.clone();
    Some(timed_with(CALLS, move || same.request(), move |request| signer.sign(request)))
}

/// How long a provider takes to return cached credentials, in nanoseconds, and how much more often 64 threads together
/// get them than one.
pub(crate) fn cached_credentials(rounds: usize) -> (f64, f64) {
    let through = Through::new(&Operation::all()[0]);
    let times = shortest(rounds, vec![[Some(timed(CALLS, || through.credentials()))]]);
    (times[0][0].expect("it was measured"), through.throughput(64) / through.throughput(1))
}
