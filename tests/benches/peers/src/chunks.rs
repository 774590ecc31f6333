//! The signatures of a body in chunks, compared with those of `aws-sigv4`: nothing is measured.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::SigningSettings;
use aws_sigv4::sign::v4::{self, SigningParams};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use benches::operation::{KEY_ID, REGION, SECRET};
use rolecall_core::sigv4::chunked::{Checksum, ChunkSigner};
use rolecall_core::sigv4::{Rules, Signature, Signer, SigningKey, sha256_hex};
use rolecall_core::wire::time::UnixTime;

const TIME: u64 = 1_767_323_045;

/// Signs chunks and a trailer by both, each after the other's.
pub(crate) fn compare() {
    let seed = Signature::from(sha256_hex(b"the signature of a request"));
    let credentials =
        rolecall_core::credentials::Credentials::new(KEY_ID, SECRET, None).expect("credentials");
    let time = UnixTime::from_secs(TIME);
    let key = SigningKey::derive(credentials.secret_access_key(), time, REGION, "s3");
    let signer = Signer::new(&credentials, &key, Rules::S3, time).expect("a signer");
    let mut chunks = ChunkSigner::new(&signer, &seed).expect("a short scope");

    let identity: Identity = Credentials::new(KEY_ID, SECRET, None, None, "benches").into();
    let params: SigningParams<'_, SigningSettings> = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(TIME))
        .settings(SigningSettings::default())
        .build()
        .expect("parameters");
    let mut theirs = seed.as_str().to_owned();
    for len in [65_536, 8_192, 1, 0] {
        let data: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        theirs = v4::sign_chunk(&data.clone().into(), &theirs, &params).expect("a signature").into_parts().1;
        assert_eq!(chunks.chunk(&data).as_str(), theirs, "a chunk of {len} bytes");
    }
    let (name, value) = (Checksum::Sha256.header(), "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=");
    let mut trailer = Headers::new();
    trailer.append(name, value);
    theirs = v4::sign_trailer(&trailer, &theirs, &params).expect("a signature").into_parts().1;
    assert_eq!(chunks.trailer(name, value.as_bytes()).as_str(), theirs, "a trailer");
}
