//! TLS over the network.

use board::println;
use rolecall_core::wire::time::UnixTime;
use rolecall_tls::{Config, Identity, P256Key, Records, Tls};
use static_cell::ConstStaticCell;

use crate::{Plain, random};

/// What services are reached by.
pub(crate) const SCHEME: &str = "https";
/// One certificate, or a key.
const FILE: usize = 2048;

/// One record of any server.
static INCOMING: ConstStaticCell<[u8; 16_640]> = ConstStaticCell::new([0; 16_640]);
static OUTGOING: ConstStaticCell<[u8; 4096]> = ConstStaticCell::new([0; 4096]);

pub(crate) type Over<'a> = Tls<'static, Plain<'a>>;

/// Puts TLS over the network, for firmware of this date.
pub(crate) fn start(network: Plain<'_>, built: UnixTime) -> Over<'_> {
    let records = Records { incoming: INCOMING.take(), outgoing: OUTGOING.take() };
    Tls::new(network, config(built), records).expect("it has roots")
}

/// Trusts two roots, and has a certificate.
fn config(built: UnixTime) -> Config {
    let mut memory = [0; FILE];
    let certificate = board::file(c"device.der", &mut memory);
    let mut key = [0; FILE];
    let key = P256Key::from_der(board::file(c"device.key", &mut key)).expect("it is a key on P-256");
    let identity = Identity::new([certificate], key);
    let mut config = Config::new(random::fill, built).identity(identity);
    for name in [c"root.der", c"rsa.der"] {
        config = config.root(board::file(name, &mut memory)).expect("it is a certificate");
    }
    config
}

/// Prints why the last session failed.
pub(crate) fn report(network: &Over<'_>) {
    if let Some(fault) = network.fault() {
        println!("fault: {fault}");
        println!("kind: {fault:?}");
    }
}

/// How many handshakes have been begun.
pub(crate) fn handshakes(network: &Over<'_>) -> u32 {
    network.handshakes()
}
