//! One run of a recipe: calls that are reported, repeated while IAM propagates, and recorded.

use rolecall_core::call::{Action, AnyAction};
use rolecall_core::flow::Slot;

use super::resource::{Outcome, Resource, TAG};
use super::show::{Call, show};
use crate::{Error, Provider};

pub struct Work<'a> {
    provider: &'a Provider,
    on_call: &'a dyn Fn(Call<'_>),
    dry_run: bool,
    /// The value of the tag.
    name: String,
    pub(super) resources: Vec<Resource>,
    /// Names of the resources created in this run, which may not have propagated yet.
    fresh: Vec<String>,
}

/// The purpose of a call.
#[derive(Clone, Copy)]
enum How {
    Read,
    /// A resource that may not exist.
    Find,
    Make,
    Remove,
}

/// How long propagation may take, in milliseconds.
const PATIENCE: u64 = 60_000;
const FIRST_PAUSE: u64 = 500;
const LONGEST_PAUSE: u64 = 8_000;

impl<'a> Work<'a> {
    pub(super) fn new(
        provider: &'a Provider,
        on_call: &'a dyn Fn(Call<'_>),
        dry_run: bool,
        name: &str,
    ) -> Self {
        let name = tag_value(name);
        Self { provider, on_call, dry_run, name, resources: Vec::new(), fresh: Vec::new() }
    }

    pub(super) fn provider(&self) -> &Provider {
        self.provider
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// The tag of this recipe.
    pub(super) fn tag(&self) -> (&str, &str) {
        (TAG, &self.name)
    }

    /// Whether a tag's value is that of this recipe.
    pub(super) fn owns(&self, tag: Option<&str>) -> bool {
        tag == Some(&self.name)
    }

    /// Records a resource.
    pub(super) fn note(&mut self, kind: &'static str, id: &str, outcome: Outcome) {
        self.resources.push(Resource { kind, id: id.to_owned(), outcome, secret: None });
    }

    /// Records a resource that was just created, by its name and its id.
    pub(super) fn made(&mut self, kind: &'static str, name: &str, id: &str) {
        self.fresh.push(name.to_owned());
        self.note(kind, id, Outcome::Created);
    }

    /// The error of a name that a resource without the tag has.
    pub(super) fn foreign(&self, kind: &str, name: &str) -> Error {
        Error::Configuration(format!(
            "{kind} {name} exists and is not tagged {TAG}={}; left unchanged: choose another name, or remove it",
            self.name
        ))
    }

    /// The account of the provider's credentials.
    pub(super) fn account(&self) -> Result<String, Error> {
        (self.on_call)(Call { text: "STS GetCallerIdentity", changes: false });
        Ok(self.provider.caller_identity()?.account)
    }

    /// Makes a call that changes nothing.
    pub(super) fn read<A: Action, T>(
        &self,
        action: &A,
        take: impl FnOnce(A::Output<'_>) -> T,
    ) -> Result<T, Error> {
        let read = self.taken(action, How::Read, take)?;
        read.ok_or_else(|| Error::Configuration(format!("{}: no output", A::NAME)))
    }

    /// Reads a resource that may not exist.
    pub(super) fn find<A: Action, T>(
        &self,
        action: &A,
        take: impl FnOnce(A::Output<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        self.taken(action, How::Find, take)
    }

    fn taken<A: Action, T>(
        &self,
        action: &A,
        how: How,
        take: impl FnOnce(A::Output<'_>) -> T,
    ) -> Result<Option<T>, Error> {
        let (mut take, mut taken) = (Some(take), None);
        self.call(AnyAction::of(action), how, &mut |slot| {
            let output = A::output(slot.kept(A::KEPT)).ok();
            taken = output.zip(take.take()).map(|(output, take)| take(output));
        })?;
        Ok(taken)
    }

    /// Makes a call that changes something, or, in a dry run, returns `planned`. A call that fails because a
    /// resource was just created is repeated until that has propagated.
    pub(super) fn make<A: Action, T>(
        &self,
        action: &A,
        planned: T,
        take: impl Fn(A::Output<'_>) -> T,
    ) -> Result<T, Error> {
        let mut made = planned;
        self.call(AnyAction::of(action), How::Make, &mut |slot| {
            if let Ok(output) = A::output(slot.kept(A::KEPT)) {
                made = take(output);
            }
        })?;
        Ok(made)
    }

    /// As [`Work::make`], for a call that removes; a resource that does not exist is a success.
    pub(super) fn remove<A: Action>(&self, action: &A) -> Result<(), Error> {
        self.call(AnyAction::of(action), How::Remove, &mut |_| ())
    }

    fn call(&self, action: AnyAction<'_>, how: How, take: &mut dyn FnMut(&Slot<'_>)) -> Result<(), Error> {
        let changes = matches!(how, How::Make | How::Remove);
        (self.on_call)(Call { text: &show(&action), changes });
        if self.dry_run && changes {
            return Ok(());
        }
        let mut pauses = Pauses::new(self.provider);
        loop {
            let Err(error) = self.provider.call_any(action, take) else { return Ok(()) };
            let lags = match how {
                How::Read | How::Find => false,
                How::Make => self.is_too_early(&error),
                // What was detached just now may still count.
                How::Remove => code(&error) == "DeleteConflict",
            };
            if lags && pauses.pause() {
                continue;
            }
            let fine = matches!(how, How::Find | How::Remove) && is_missing(&error);
            return if fine { Ok(()) } else { Err(error) };
        }
    }

    /// Repeats `read` until `good` is, or for a minute.
    pub(super) fn wait_for<T>(
        &self,
        mut read: impl FnMut() -> Result<T, Error>,
        good: impl Fn(&T) -> bool,
    ) -> Result<T, Error> {
        let mut pauses = Pauses::new(self.provider);
        loop {
            let found = read()?;
            if good(&found) || !pauses.pause() {
                return Ok(found);
            }
        }
    }

    /// Whether an error is about something that was made in this run.
    fn is_too_early(&self, error: &Error) -> bool {
        let Error::Source { report, .. } = error else { return false };
        let (code, message) = (report.code(), report.message());
        let named = self.fresh.iter().any(|name| has_word(message, name));
        match code {
            "ConcurrentModification" => true,
            // The code of a policy that is wrong, too.
            "MalformedPolicyDocument" => named && message.contains("principal"),
            "NoSuchEntity" | "InvalidParameterValue" | "InvalidParameterException" | "ClientException" => {
                named
            }
            _ => false,
        }
    }
}

/// Waits that grow, for a minute in all.
struct Pauses<'a> {
    provider: &'a Provider,
    started: rolecall_core::skew::Instant,
    next: u64,
}

impl<'a> Pauses<'a> {
    fn new(provider: &'a Provider) -> Self {
        Self { provider, started: provider.host().now().monotonic, next: FIRST_PAUSE }
    }

    /// Waits; false if there was time enough.
    fn pause(&mut self) -> bool {
        let host = self.provider.host();
        let now = host.now().monotonic;
        if now.ms_since(self.started) + self.next > PATIENCE {
            return false;
        }
        host.sleep_until(now.after_ms(self.next));
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}

/// Whether `text` has `word`, with nothing at either end that a name could go on with.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |char: char| char.is_alphanumeric() || "_+=,.@-".contains(char);
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|front| front.chars().next_back());
        let mut after = text.get(at + word.len()..).unwrap_or_default().chars();
        // A full stop may end the sentence.
        let ends = match after.next() {
            Some('.') => after.next().is_none_or(|next| !goes_on(next)),
            next => next.is_none_or(|next| !goes_on(next)),
        };
        ends && before.is_none_or(|before| !goes_on(before))
    })
}

/// The value of a tag for a name: a colon, which no name of IAM has, stands for a comma, which no value of a tag may
/// have.
pub(super) fn tag_value(name: &str) -> String {
    name.replace(',', ":")
}

/// The name that [`tag_value`] was made for.
pub(super) fn of_tag_value(value: &str) -> String {
    value.replace(':', ",")
}

/// A page of texts, and the token of the next page.
pub(super) type Page = (Vec<String>, Option<String>);

/// What is on all the pages that `read` reads.
pub(super) fn pages(read: &mut dyn FnMut(Option<&str>) -> Result<Page, Error>) -> Result<Vec<String>, Error> {
    let (mut all, mut next) = read(None)?;
    while let Some(more) = next {
        let (page, after) = read(Some(&more))?;
        all.extend(page);
        // The same page for ever is none.
        next = after.filter(|after| *after != more);
    }
    Ok(all)
}

/// What the service calls the error.
pub(super) fn code(error: &Error) -> &str {
    match error {
        Error::Source { report, .. } => report.code(),
        _ => "",
    }
}

/// Whether an error says that something is not there.
fn is_missing(error: &Error) -> bool {
    let Error::Source { report, .. } = error else { return false };
    match report.code() {
        "NoSuchEntity"
        | "ResourceNotFoundException"
        | "InvalidAssociationID.NotFound"
        | "ClusterNotFoundException" => true,
        // ECS has no code of its own for it.
        "ClientException" => report.message().starts_with("Unable to describe task definition"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn only_whole_names_are_matched() {
        assert!(has_word("The role with name gateway cannot be found.", "gateway"));
        assert!(has_word("Value (gateway) for parameter iamInstanceProfile.name is invalid.", "gateway"));
        assert!(has_word("no such role: arn:aws:iam::1:role/gateway.", "gateway"));
        assert!(!has_word("The role with name gateway-2 cannot be found.", "gateway"));
        assert!(!has_word("The role with name my.gateway cannot be found.", "gateway"));
        assert!(!has_word("Syntax errors in policy.", "e"));
    }
}
