//! A scripted peer over loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A step of the script of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Do {
    /// Read the head of a request.
    Read,
    Send(Vec<u8>),
    /// Send one byte at a time, at this interval in milliseconds.
    Drip(Vec<u8>, u64),
    /// Wait this many milliseconds.
    Stall(u64),
    /// Reset the connection by closing it with unread data.
    Reset,
}

pub(crate) fn send(bytes: impl Into<Vec<u8>>) -> Do {
    Do::Send(bytes.into())
}

/// A listener that serves each connection with the next script and then closes it. After the last script
/// it stops listening.
pub(crate) struct Peer {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    pub(crate) fn new(scripts: Vec<Vec<Do>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, requests) = (Arc::default(), Arc::default());
        let peer = Self { port, connections: Arc::clone(&connections), requests: Arc::clone(&requests) };
        thread::spawn(move || {
            for script in scripts {
                let Ok((stream, _)) = listener.accept() else { return };
                connections.fetch_add(1, Ordering::SeqCst);
                let requests = Arc::clone(&requests);
                thread::spawn(move || play(stream, script, &requests));
            }
        });
        peer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn play(mut stream: TcpStream, script: Vec<Do>, requests: &Mutex<Vec<String>>) {
    stream.set_nodelay(true).unwrap();
    for step in script {
        // The driver may have closed the connection.
        let done = match step {
            Do::Read => {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut byte) {
                        Ok(1) => head.push(byte[0]),
                        _ => return,
                    }
                }
                let line = head.split(|byte| *byte == b'\r').next().unwrap();
                requests.lock().unwrap().push(String::from_utf8(line.to_vec()).unwrap());
                Ok(())
            }
            Do::Send(bytes) => stream.write_all(&bytes),
            Do::Drip(bytes, pause) => bytes.chunks(1).try_for_each(|byte| {
                thread::sleep(Duration::from_millis(pause));
                stream.write_all(byte)
            }),
            Do::Stall(milliseconds) => {
                thread::sleep(Duration::from_millis(milliseconds));
                Ok(())
            }
            Do::Reset => {
                let mut byte = [0];
                let _ = stream.read(&mut byte);
                return;
            }
        };
        if done.is_err() {
            return;
        }
    }
}
