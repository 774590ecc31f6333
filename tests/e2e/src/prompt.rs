//! A host with scripted answers to prompts; everything else is the operating system's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rolecall::core::error::Failure;
use rolecall::{Buffer, Host, Settings, System};

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

    crate::as_the_system!(exchange, read_file, run, resolve, random, now, sleep_until, entropy);
}
