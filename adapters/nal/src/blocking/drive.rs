//! The loop that carries a session out.

use super::{Connection, Ends, Link};
use crate::Board;
use crate::conversation::Transfer;
use crate::session::{Act, Session};

pub(crate) fn run<B: Board, L: Link<B>, E: Ends<B>>(
    mut session: Session<'_, '_, '_, '_>,
    board: &mut B,
    network: &mut L,
    ends: &mut E,
) {
    loop {
        match session.next(board) {
            Act::Done => return,
            Act::Wait { until } => network.wait(board, until),
            Act::Resolve { host, until } => {
                let found = network.resolve(board, until, host);
                session.resolved(board, found);
            }
            Act::Open { remote, until } => {
                let mut connection = match network.open(board, until, &remote) {
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
                            let sent = connection.send(board, until, bytes);
                            session.sent(board, sent);
                        }
                        Transfer::Receive { room, until } => {
                            let received = connection.receive(board, until, room);
                            session.received(board, received);
                        }
                        Transfer::Rewind => session.rewound(ends.rewind()),
                        Transfer::Read { room, until } => {
                            let read = ends.read(board, until, room);
                            session.read(board, read);
                        }
                        Transfer::StartOver => session.started_over(ends.start_over()),
                        Transfer::Write { bytes, until } => {
                            let written = ends.write(board, until, bytes);
                            session.written(written);
                        }
                    }
                }
            }
        }
    }
}
