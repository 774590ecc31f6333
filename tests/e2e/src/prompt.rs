//! A host with scripted answers to prompts; everything else is the operating system's.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rolecall::core::error::Failure;
use rolecall::core::flow::{Answer, Exchange};
use rolecall::core::skew::{Instant, Now};
use rolecall::{Buffer, Host, Settings, Streams, System};

/// Computes an answer when it is needed, because a TOTP code is only valid for half a minute.
pub type Reply = Box<dyn FnMut() -> String + Send>;

/// A host that answers prompts from a list, and records them.
#[derive(Clone)]
pub struct Prompt {
    system: Arc<System>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Prompt {
    /// Creates a host with these answers.
    pub fn answering(settings: &Settings, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        Self { system: Arc::new(System::new(settings)), replies, asked: Arc::default() }
    }

    /// The prompts so far, and whether the input was hidden.
    pub fn asked(&self) -> Vec<(String, bool)> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// A fixed answer.
pub fn answer(answer: &str) -> Reply {
    let answer = answer.to_owned();
    Box::new(move || answer.clone())
}

impl Host for Prompt {
    fn prompt(&self, question: &str, hidden: bool, buffer: &mut Buffer) -> Result<(), Failure> {
        self.asked.lock().expect("no panic").push((question.to_owned(), hidden));
        let mut reply = self.replies.lock().expect("no panic").pop_front().expect("a scripted answer");
        // With the line end that a terminal adds.
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

    fn run(&self, command: &str, variables: &[(&str, &str)], buffer: &mut Buffer) -> Result<(), Failure> {
        self.system.run(command, variables, buffer)
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
