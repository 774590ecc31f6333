//! Prints the cost of signing, in nanoseconds, compared with `aws-sigv4` and with the bare SHA-256
//! compressions that each signature needs. The measurements are interleaved round by round, so that load
//! on the machine slows all of them alike; a cell is the median of the rounds.

use std::hint::black_box;
use std::time::Instant;

use benches::Operation;
use benches::bare::{self, Needed};
use benches::peer::Peer;
use benches::provider::Through;

const ROUNDS: usize = 201;
const PER_ROUND: u32 = 100;

fn main() {
    println!("Signing time in nanoseconds: medians of {ROUNDS} rounds of {PER_ROUND}");
    println!();
    println!(
        "{:<32} {:<5} {:>6} {:>7} {:>8} {:>7} {:>8} {:>9} {:>7} {:>10} {:>8}",
        "operation",
        "key",
        "blocks",
        "bare",
        "signed",
        "x bare",
        "written",
        "provider",
        "x core",
        "aws-sigv4",
        "faster"
    );
    for operation in Operation::all() {
        measure(&operation);
    }
    println!();
    let through = Through::new(&Operation::all()[0]);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(time(|| through.credentials()));
    }
    let held = median(times);
    let (one, all) = (through.throughput(1), through.throughput(64));
    println!(
        "Provider::credentials, cached: {held:.0} ns; 64 threads together: {:.2}x one thread",
        all / one
    );
    println!();
    println!("blocks     SHA-256 compressions that the signature needs; bare: the time of these alone");
    println!("cold       the signing key is derived; aws-sigv4 always derives it: one time for both rows");
    println!("signed     from the parts of a request to its signature");
    println!("written    the same, plus writing the header lines or the presigned target to a buffer");
    println!(
        "provider   Provider::sign or Provider::presign, with cached keys; x core: relative to signed, kept"
    );
    println!("faster     aws-sigv4, which returns a list of headers or parameters, relative to written");
}

fn measure(operation: &Operation) {
    let needed = Needed::of(operation);
    let blocks = vec![[0x5a; 64]; needed.cold()];
    let (credentials, key, peer) = (operation.credentials(), operation.key(), Peer::new(operation));
    let mut out = [0; 8192];
    let signature = operation.sign(&credentials, &key);
    assert_eq!(signature, operation.sign_cold(&credentials), "{}", operation.name);
    assert_eq!(signature.as_str(), peer.sign(operation).1, "{}", operation.name);

    let through = Through::new(operation);
    let mut times = [const { Vec::<f64>::new() }; 8];
    for _ in 0..ROUNDS {
        let [bare_cold, bare_kept, cold, kept, cold_written, kept_written, other, provider] = &mut times;
        let operation = black_box(operation);
        bare_cold.push(time(|| bare::run(black_box(&blocks), needed.cold())));
        cold.push(time(|| operation.sign_cold(&credentials)));
        other.push(time(|| peer.sign(operation)));
        cold_written.push(time(|| {
            let key = operation.key();
            operation.sign_and_write(&credentials, &key, &mut out).len()
        }));
        bare_kept.push(time(|| bare::run(black_box(&blocks), needed.kept())));
        kept.push(time(|| operation.sign(&credentials, &key)));
        kept_written.push(time(|| operation.sign_and_write(&credentials, &key, &mut out).len()));
        provider.push(time(|| through.sign()));
    }
    let [bare_cold, bare_kept, cold, kept, cold_written, kept_written, other, provider] = times.map(median);
    let row = |name: &str, key: &str, blocks: usize, [bare, signed, written]: [f64; 3], provider: &str| {
        println!(
            "{name:<32} {key:<5} {blocks:>6} {bare:>7.0} {signed:>8.0} {:>6.2}x {written:>8.0} {provider:>17} {other:>10.0} {:>7.1}x",
            signed / bare,
            other / written
        );
    };
    row(operation.name, "cold", needed.cold(), [bare_cold, cold, cold_written], "");
    let provider = format!("{provider:>9.0} {:>6.2}x", provider / kept);
    row("", "kept", needed.kept(), [bare_kept, kept, kept_written], &provider);
}

/// Measures the nanoseconds per call.
fn time<R>(mut call: impl FnMut() -> R) -> f64 {
    let start = Instant::now();
    for _ in 0..PER_ROUND {
        black_box(call());
    }
    start.elapsed().as_nanos() as f64 / f64::from(PER_ROUND)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
