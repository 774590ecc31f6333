//! The loop that carries a session out.

use rolecall_core::error::Error;
use rolecall_core::flow::Flow;

use super::{Connection, Link};
use crate::Board;
use crate::conversation::Transfer;
use crate::session::{Act, Session};

pub(crate) async fn run<'c, F: Flow<'c>, B: Board, L: Link<B>>(
    mut session: Session<'_, 'c, '_, '_, F>,
    board: &mut B,
    network: &mut L,
) -> Result<F::Output, Error> {
    loop {
        match session.next(board) {
            Act::Done(result) => return result,
            Act::Wait { until } => network.wait(board, until).await,
            Act::Resolve { host, until } => {
                let found = network.resolve(board, until, host).await;
                session.resolved(board, found);
            }
            Act::Open { remote, until } => {
                let mut connection = match network.open(board, until, &remote).await {
                    Ok(connection) => connection,
                    Err(kind) => {
                        session.connected(board, Err(kind));
                        continue;
                    }
                };
                session.connected(board, Ok(()));
                while let Some(transfer) = session.transfer(board) {
                    match transfer {
                        Transfer::Send { bytes, until } => {
                            let sent = connection.send(board, until, bytes).await;
                            session.sent(board, sent);
                        }
                        Transfer::Receive { room, until } => {
                            let received = connection.receive(board, until, room).await;
                            session.received(board, received);
                        }
                    }
                }
            }
        }
    }
}
