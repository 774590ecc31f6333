//! Only the signer, with headers, for a set of regions.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;
use sizes::image::call;

sizes::image!(|| {
    let Ok(credentials) = Credentials::new(black_box(""), black_box(""), black_box(None)) else { return };
    let mut memory = [0; 1024];
    let mut out = Cursor::new(black_box(&mut memory));
    let (time, call) = (UnixTime::from_secs(black_box(0)), call());
    let Ok(key) = SigningKey::for_regions(&credentials, time, call.region, call.service) else { return };
    let request = Request::<1>::with_room(call.method, call.target, Payload::Bytes(call.body));
    let Ok(mut request) = request else { return };
    black_box(request.header("Host", call.host.as_bytes()).is_ok());
    let rules = Rules { region_set: true, ..Rules::of(call.service) };
    let Ok(signer) = Signer::new(&credentials, &key, rules, time) else { return };
    let Ok(signed) = signer.sign(&request) else { return };
    signed.put_header_lines(&mut out);
    black_box(out.finish().is_ok());
});
