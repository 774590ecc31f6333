//! `s3s`, a server of S3 in process, and the verifier of the core: both check what the core signs. Nothing is measured.

#[path = "../../../../../core/tests/it/generator.rs"]
#[expect(dead_code, reason = "it damages texts for other tests, too")]
mod generator;
mod random;
mod requests;
mod sent;
mod service;
mod uploads;

/// Compares random requests and uploads in chunks, as they are signed and with a byte changed.
pub(crate) fn compare() {
    requests::compare();
    uploads::compare();
}
