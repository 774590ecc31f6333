//! Environment variables: those of the process, or given ones.

use std::collections::HashMap;
use std::fmt;

/// The variables that settings are read from. A value of white space alone counts as unset.
pub struct Environment(Variables);

enum Variables {
    Process,
    Given(HashMap<String, String>),
}

impl Environment {
    /// Reads the variables of this process.
    pub fn process() -> Self {
        Self(Variables::Process)
    }

    /// The value of a variable, if it is set and has a character other than white space.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Variables::Process => std::env::var(name).ok(),
            Variables::Given(variables) => variables.get(name).cloned(),
        };
        value.filter(|value| !value.trim().is_empty())
    }

    /// Whether a variable has the value `true`, in any case.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(Variables::Given(variables.collect()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some values are secrets.
        f.write_str(match self.0 {
            Variables::Process => "Environment(process)",
            Variables::Given(_) => "Environment(given)",
        })
    }
}
