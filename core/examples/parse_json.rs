//! Reads one array of a JSON document, token by token: feature-free, without allocation and without recursion.
//!
//! ```sh
//! cargo run -p rolecall-core --no-default-features --example parse_json
//! ```

use rolecall_core::wire::Error;
use rolecall_core::wire::json::{Reader, Token};

fn main() -> Result<(), Error> {
    let document = br#"{"unit":"C","readings":[21.5,22.0,{"retry":true},19.25],"station":"roof"}"#;
    let (sum, count) = run(document)?;
    println!("{count} readings, {} C on average", sum / count as f64);
    Ok(())
}

/// Adds up the numbers of `readings`. Members of other names and values of other types are skipped, however deep.
pub(crate) fn run(document: &[u8]) -> Result<(f64, u32), Error> {
    let (mut sum, mut count) = (0.0, 0);
    let mut reader = Reader::new(document);
    let mut inside = false;
    // The document is valid once the reader has returned `None`; an error has the offset of the first bad byte.
    while let Some(token) = reader.next_token()? {
        match token {
            Token::Key(key) if reader.depth() == 1 => inside = key.is("readings"),
            // Numbers are returned as they are written: the caller chooses the type.
            Token::Number(number) if inside && reader.depth() == 2 => {
                sum += number.parse::<f64>().unwrap_or_default();
                count += 1;
            }
            _ => {}
        }
    }
    Ok((sum, count))
}
