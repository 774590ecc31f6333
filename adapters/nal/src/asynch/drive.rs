//! The loop that performs the I/O of a run.

use super::{Connection, Ends, Link};
use crate::Board;
use crate::conversation::Transfer;
use crate::driving::{Act, Driving};

pub(crate) async fn run<B: Board, L: Link<B>, E: Ends<B>>(
    driving: &mut Driving<'_, '_, '_, '_>,
    board: &mut B,
    network: &mut L,
    ends: &mut E,
) {
    loop {
        match driving.next(board) {
            Act::Done => return,
            Act::Wait { until } => network.wait(board, until).await,
            Act::Resolve { host, until } => {
                let found = network.resolve(board, until, host).await;
                driving.resolved(board, until, found);
            }
            Act::Open { remote, until } => {
                let mut connection = match network.open(board, until, remote).await {
                    Ok(connection) => connection,
                    Err(kind) => {
                        driving.connected(board, Err(kind));
                        continue;
                    }
                };
                driving.connected(board, Ok(()));
                while let Some(transfer) = driving.transfer(board) {
                    match transfer {
                        Transfer::Send { bytes, until } => {
                            let sent = connection.send(board, until, bytes).await;
                            driving.sent(board, sent);
                        }
                        Transfer::Receive { room, until } => {
                            let received = connection.receive(board, until, room).await;
                            driving.received(board, received);
                            if <L::Connection<'_> as Connection<B>>::CHECKS
                                && let Some(headers) = driving.headers()
                            {
                                let checked = connection.check(board, headers);
                                driving.checked(board, checked);
                            }
                        }
                        Transfer::Pass => ends.pass(board, driving).await,
                    }
                }
            }
        }
    }
}
