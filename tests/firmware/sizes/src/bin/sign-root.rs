//! (a) for requests to `/` without a query, and no others.

#![no_std]
#![no_main]

use core::hint::black_box;

use rolecall_core::credentials::Credentials;
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;
use sizes::image::call;

sizes::image!(|| {
    let Ok(credentials) = Credentials::new(black_box(""), black_box(""), black_box(None)) else { return };
    let mut memory = [0; 1024];
    let mut out = Cursor::new(black_box(&mut memory));
    let time = UnixTime::from_secs(black_box(0));
    black_box(sizes::sign_root(&call(), &credentials, time, &mut out).is_ok());
    black_box(out.finish().is_ok());
});
