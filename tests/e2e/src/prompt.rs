//! This machine, with somebody at its terminal.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rolecall::core::error::Failure;
use rolecall::core::flow::{Answer, Exchange};
use rolecall::core::skew::{Instant, Now};
use rolecall::{Buffer, Host, Settings, Streams, System};

/// Makes an answer when it is asked for: a code is good for half a minute.
pub type Reply = Box<dyn FnMut() -> String + Send>;

/// Somebody who answers questions, in turn, and remembers them.
#[derive(Clone)]
pub struct Person {
    system: Arc<System>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Person {
    /// Somebody who has these answers.
    pub fn answering(settings: &Settings, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        Self { system: Arc::new(System::new(settings)), replies, asked: Arc::default() }
    }

    /// What was asked so far, and whether the answer was hidden.
    pub fn asked(&self) -> Vec<(String, bool)> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// An answer that is known before.
pub fn saying(answer: &str) -> Reply {
    let answer = answer.to_owned();
    Box::new(move || answer.clone())
}

impl Host for Person {
    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        self.asked.lock().expect("no panic").push((question.to_owned(), hidden));
        let mut reply = self.replies.lock().expect("no panic").pop_front().expect("no answer to that");
        // As it is typed.
        buffer.append(format!("{}\n", reply()).as_bytes());
        Ok(())
    }

    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        self.system.exchange(exchange, buffer, streams)
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        self.system.read_file(path, buffer)
    }

    fn run(&self, command: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        self.system.run(command, buffer)
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        self.system.resolve(host)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.system.random(bytes)
    }

    fn now(&self) -> Now {
        self.system.now()
    }

    fn sleep_until(&self, instant: Instant) {
        self.system.sleep_until(instant);
    }

    fn entropy(&self) -> u32 {
        self.system.entropy()
    }
}
