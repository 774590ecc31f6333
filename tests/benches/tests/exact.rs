//! The costs of a signature that can be counted exactly: allocations and compressions.

use allocation_counter::measure;
use aws_sigv4::AwsSigV4;
use benches::bare::{Compressor, Needed};
use benches::signer::Signer;
use benches::{Operation, bare};

// The same file in two workspaces: here with the version of aws-sigv4 that the packages are tested with.
#[path = "../peers/src/signers/aws_sigv4.rs"]
mod aws_sigv4;

/// What the other signer sends.
fn signed_by_peer(operation: &Operation) -> (AwsSigV4, <AwsSigV4 as Signer>::Signed) {
    let peer = AwsSigV4::new(operation).expect("it signs everything");
    let signed = peer.sign(());
    (peer, signed)
}

#[test]
fn signing_does_not_allocate() {
    for operation in Operation::all() {
        let (credentials, key) = (operation.credentials(), operation.key());
        let mut out = [0; 8192];
        let key_derived = measure(|| drop(operation.key()));
        let cold = measure(|| _ = operation.sign_cold(&credentials));
        let kept = measure(|| _ = operation.sign(&credentials, &key));
        let written = measure(|| _ = operation.sign_and_write(&credentials, &key, &mut out));
        for counted in [key_derived, cold, kept, written] {
            assert_eq!(counted.count_total, 0, "{}", operation.name);
        }
        // The counter works: aws-sigv4 allocates.
        assert!(measure(|| drop(signed_by_peer(&operation))).count_total > 0);
    }
}

#[test]
fn compression_counts_are_as_documented() {
    let counts: Vec<[usize; 4]> = Operation::all()
        .iter()
        .map(|operation| {
            let Needed { key, payload, canonical_request, signature } = Needed::of(operation);
            [key, payload, canonical_request, signature]
        })
        .collect();
    // Key, payload, canonical request, signature.
    assert_eq!(counts, [[18, 3, 17, 4], [18, 0, 14, 4], [18, 0, 5, 4], [18, 0, 20, 4]]);
}

/// Computing a signature from compressions alone takes as many as the formulas say, and yields the
/// signature of `rolecall-core` and of `aws-sigv4`.
#[test]
fn the_formulas_are_exact() {
    for operation in Operation::all() {
        let mut compressor = Compressor::default();
        let signature = compressor.signature(&operation);
        assert_eq!(compressor.count, Needed::of(&operation).cold(), "{}", operation.name);
        assert_eq!(signature, operation.sign_cold(&operation.credentials()).as_str());
        let (peer, signed) = signed_by_peer(&operation);
        assert_eq!(signature, peer.signature(&signed).hex);
    }
}

/// Lengths around the point where padding needs one more block.
#[test]
fn padding_is_counted() {
    for (len, blocks) in [(0, 1), (55, 1), (56, 2), (64, 2), (119, 2), (120, 3)] {
        assert_eq!(bare::hash(len), blocks, "{len}");
        let mut compressor = Compressor::default();
        compressor.hash(&vec![b'a'; len]);
        assert_eq!(compressor.count, blocks, "{len}");
    }
}

/// The token and the lists have the sizes that the names say.
#[test]
fn the_operations_are_as_described() {
    let [sts, get, presigned, with_token] = Operation::all();
    assert_eq!(sts.token.as_deref().map(str::len), Some(800));
    assert_eq!((get.headers.len(), get.target.matches(['?', '&']).count()), (6, 8));
    assert_eq!((presigned.token, with_token.token.as_ref()), (None, sts.token.as_ref()));
    let escaped = |byte: &u8| !byte.is_ascii_alphanumeric();
    assert_eq!(with_token.token.map(|token| token.bytes().filter(escaped).count()), Some(80));
}
