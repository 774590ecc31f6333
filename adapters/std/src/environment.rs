//! Environment variables: those of the process, or given ones.

use std::collections::HashMap;
use std::env::VarError;
use std::fmt;
use std::sync::Mutex;

use crate::secret::Wiped;
use crate::{Error, lock};

/// The variables that settings are read from. A value of white space alone counts as unset; line ends around a value
/// are dropped.
pub struct Environment {
    variables: Variables,
    /// Variables that were asked for, and are not UTF-8.
    unreadable: Mutex<Vec<String>>,
}

enum Variables {
    Process,
    Given(HashMap<String, String>),
}

impl Environment {
    /// Reads the variables of this process.
    pub fn process() -> Self {
        Self::of(Variables::Process)
    }

    fn of(variables: Variables) -> Self {
        Self { variables, unreadable: Mutex::default() }
    }

    /// The value of a variable, if it is set and has a character other than white space. One that is not UTF-8 is
    /// reported by [`Environment::check`].
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Variables::Process => match std::env::var(name) {
                Ok(value) => value,
                Err(VarError::NotPresent) => return None,
                Err(VarError::NotUnicode(_)) => {
                    lock(&self.unreadable).push(name.to_owned());
                    return None;
                }
            },
            Variables::Given(variables) => variables.get(name)?.clone(),
        };
        if value.trim().is_empty() {
            return None;
        }
        let ends = ['\r', '\n'];
        if value.starts_with(ends) || value.ends_with(ends) {
            // It may be a secret.
            let value = Wiped::new(value);
            return Some(value.trim_matches(ends).to_owned());
        }
        Some(value)
    }

    /// Fails if a variable that was asked for is not UTF-8. It is not the same as one that is not set: without it,
    /// another identity, other certificates or no authorization would be used.
    ///
    /// # Errors
    /// [`Error::Configuration`], with the name of the variable.
    pub fn check(&self) -> Result<(), Error> {
        match lock(&self.unreadable).first() {
            Some(name) => Err(Error::invalid(name, "its value is not UTF-8; set it to a text, or unset it")),
            None => Ok(()),
        }
    }

    /// Whether a variable has the value `true`, in any case.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self::of(Variables::Given(variables.collect()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some values are secrets.
        f.write_str(match self.variables {
            Variables::Process => "Environment(process)",
            Variables::Given(_) => "Environment(given)",
        })
    }
}
