//! Smaller code on devices.

/// Whether size matters more than speed.
pub(crate) const ON_DEVICE: bool = cfg!(target_os = "none");

/// `bytes` as text, or the length of the text at their front. A device does without the standard library's check of
/// whole words, which takes twice as much.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    if !ON_DEVICE {
        return core::str::from_utf8(bytes).map_err(|error| error.valid_up_to());
    }
    let front = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    if front.len() == bytes.len() { Ok(front) } else { Err(front.len()) }
}
