//! Bodies in chunks.

use core::fmt::{Debug, Display};
use core::hint::black_box;

use rolecall_core::sigv4::{self, SigningKeys};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Count, Put};

use crate::{bytes, formatted, number, signing, text, used};

pub(crate) fn call() {
    let Some(credentials) = signing::credentials() else { return };
    let (scope, time) = (signing::scope(), UnixTime::from_secs(number()));
    let keys = sigv4::chunked::ChunkKeys::new(sigv4::DeriveEach);
    let seed = <sigv4::Signature as From<_>>::from(sigv4::sha256_hex(bytes()));
    used(sigv4::Signature::as_bytes(&seed));
    used(sigv4::Signature::as_str(&seed));
    formatted(|f| <sigv4::Signature as Debug>::fmt(&seed, f));
    formatted(|f| <sigv4::Signature as Display>::fmt(&seed, f));
    let signed = <sigv4::chunked::ChunkKeys<_> as SigningKeys>::with_signer(
        &keys,
        &credentials,
        scope,
        time,
        &mut |signer| {
            <&_ as SigningKeys>::start_chunks(&&keys, signer, &seed)?;
            <sigv4::chunked::ChunkKeys<_> as SigningKeys>::start_chunks(&keys, signer, &seed)?;
            let mut chunks = sigv4::chunked::ChunkSigner::new(signer, &seed)?;
            used(sigv4::chunked::ChunkSigner::chunk(&mut chunks, bytes()));
            used(sigv4::chunked::ChunkSigner::trailer(&mut chunks, text(), bytes()));
            formatted(|f| <sigv4::chunked::ChunkSigner as Debug>::fmt(&chunks, f));
            sigv4::SigningKeys::start_chunks(&sigv4::DeriveEach, signer, &seed)
        },
    );
    used(signed.is_ok());
    formatted(|f| <sigv4::chunked::ChunkKeys<_> as Debug>::fmt(&keys, f));
    for checksum in sigv4::chunked::Checksum::ALL {
        let mut running = sigv4::chunked::Checksum::start(*checksum);
        <sigv4::chunked::RunningChecksum as Put>::put(&mut running, bytes());
        formatted(|f| <sigv4::chunked::RunningChecksum as Debug>::fmt(&running, f));
        sigv4::chunked::RunningChecksum::put_value(running, &mut Count::default());
        used(sigv4::chunked::Checksum::header(*checksum));
        used(sigv4::chunked::Checksum::value_len(*checksum));
    }
    let named = sigv4::chunked::Checksum::named(text());
    let chunks = named.map_or(sigv4::chunked::Chunks::SIGNED, sigv4::chunked::Chunks::signed_with);
    used(sigv4::chunked::Chunks::as_str(chunks));
    used(sigv4::chunked::Chunks::trailer(chunks));
    used(sigv4::chunked::Chunks::are_signed(chunks));
    used(sigv4::chunked::Chunks::unsigned_with(sigv4::chunked::Checksum::Sha256));
    used(encode(black_box(chunks), &keys).is_ok());
}

fn encode(
    chunks: sigv4::chunked::Chunks,
    keys: &sigv4::chunked::ChunkKeys<sigv4::DeriveEach>,
) -> Result<(), sigv4::SignError> {
    let layout = sigv4::chunked::ChunkLayout::new(chunks, number())?;
    let layout = sigv4::chunked::ChunkLayout::with_chunk(layout, number())?;
    used(sigv4::chunked::ChunkLayout::chunks(&layout));
    used(sigv4::chunked::ChunkLayout::decoded_len(&layout));
    used(sigv4::chunked::ChunkLayout::encoded_len(&layout));
    used(sigv4::chunked::ChunkLayout::chunk_len(&layout));
    used(sigv4::chunked::ChunkLayout::buffer_len(&layout));
    let announcement = sigv4::chunked::ChunkLayout::announcement(&layout);
    used(sigv4::chunked::Announcement::lines(&announcement).count());
    used(sigv4::chunked::Announcement::chunks(&announcement));
    used(sigv4::chunked::Announcement::encoded_len(&announcement));
    let mut buffer = [0; 128];
    let buffer = buffer.get_mut(..number::<u8>().into()).unwrap_or_default();
    let mut encoder = sigv4::chunked::ChunkEncoder::new(layout, buffer)?;
    used(sigv4::chunked::ChunkEncoder::room(&mut encoder).len());
    sigv4::chunked::ChunkKeys::with_chunks(keys, |signer| {
        sigv4::chunked::ChunkEncoder::filled(&mut encoder, number::<u8>().into(), signer);
    });
    used(sigv4::chunked::ChunkEncoder::ready(&encoder));
    sigv4::chunked::ChunkEncoder::consumed(&mut encoder, number::<u8>().into());
    used(sigv4::chunked::ChunkEncoder::is_complete(&encoder));
    sigv4::chunked::ChunkEncoder::restart(&mut encoder);
    formatted(|f| <sigv4::chunked::ChunkEncoder as Debug>::fmt(&encoder, f));
    Ok(())
}
