//! The merged content of the two files.

use std::collections::BTreeMap;
use std::fmt;

use rolecall_core::wire;
use rolecall_core::wire::ini::{Event, Reader, sub_property};
use zeroize::Zeroizing;

/// The properties of one section, by their names in lower case. `Debug` shows the names alone: values may be
/// secret.
#[derive(Default)]
pub struct Section(BTreeMap<String, Zeroizing<String>>);

impl Section {
    /// The value of a property, if it has a character other than white space.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str()).filter(|value| !value.trim().is_empty())
    }

    /// The sub-property `name` of `property`, as in `services` sections.
    pub fn sub(&self, property: &str, name: &str) -> Option<&str> {
        let mut lines = self.0.get(property)?.lines().filter_map(sub_property);
        lines.rfind(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and values, empty ones too, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a property, as if the file had it.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_ascii_lowercase(), Zeroizing::new(value.to_owned()));
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Profiles, sign-in sessions and sections of services, by name.
#[derive(Debug, Default)]
pub struct Profiles {
    profiles: BTreeMap<String, Section>,
    sso_sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
}

/// The kind of a section, from its name.
#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Profile(String),
    /// `[default]` in the config file: counts unless there is a `[profile default]`.
    BareDefault,
    SsoSession(String),
    Services(String),
    /// A section of another kind, or with a name that is not allowed.
    Ignored,
}

impl Profiles {
    /// Adds the content of a config file: `[default]`, `[profile NAME]`, `[sso-session NAME]`,
    /// `[services NAME]`; other sections are skipped.
    ///
    /// # Errors
    /// The offset of the first byte that breaks the format.
    pub fn add_config(&mut self, file: &[u8]) -> Result<(), wire::Error> {
        let mut bare = Section::default();
        let (mut has_bare, mut has_prefixed) = (false, false);
        let mut kind = Kind::Ignored;
        let mut last = None;
        let mut reader = Reader::new(file);
        while let Some(event) = reader.next_event()? {
            if let Event::Section(name) = event {
                kind = in_config(name);
                has_bare |= kind == Kind::BareDefault;
                has_prefixed |= kind == Kind::Profile("default".to_owned());
            }
            let section = match &kind {
                Kind::Profile(name) => self.profiles.entry(name.clone()).or_default(),
                Kind::SsoSession(name) => self.sso_sessions.entry(name.clone()).or_default(),
                Kind::Services(name) => self.services.entry(name.clone()).or_default(),
                Kind::BareDefault => &mut bare,
                Kind::Ignored => continue,
            };
            add(section, event, &mut last);
        }
        if has_bare && !has_prefixed {
            self.profiles.insert("default".to_owned(), bare);
        }
        Ok(())
    }

    /// Adds the content of a credentials file: `[NAME]`. It takes precedence over the config file.
    ///
    /// # Errors
    /// The offset of the first byte that breaks the format.
    pub fn add_credentials(&mut self, file: &[u8]) -> Result<(), wire::Error> {
        let mut current: Option<String> = None;
        let mut last = None;
        let mut reader = Reader::new(file);
        while let Some(event) = reader.next_event()? {
            if let Event::Section(name) = event {
                current = is_name(name).then(|| name.to_owned());
            }
            if let Some(name) = &current {
                add(self.profiles.entry(name.clone()).or_default(), event, &mut last);
            }
        }
        Ok(())
    }

    /// The profile of that name, merged from both files.
    pub fn profile(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    /// The sign-in session of that name.
    pub fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    /// The section of services of that name.
    pub fn services(&self, name: &str) -> Option<&Section> {
        self.services.get(name)
    }

    /// Whether neither file has a profile.
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// The names of the profiles, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The names of the sign-in sessions, in order.
    pub fn sso_session_names(&self) -> impl Iterator<Item = &str> {
        self.sso_sessions.keys().map(String::as_str)
    }
}

/// Adds one line to a section. `last` is the property that continuation lines belong to; nothing of
/// a property with a bad name is kept.
fn add(section: &mut Section, event: Event<'_>, last: &mut Option<String>) {
    match event {
        Event::Section(_) => *last = None,
        Event::Property { name, value } => {
            *last = is_name(name).then(|| name.to_ascii_lowercase());
            if last.is_some() {
                section.set(name, value);
            }
        }
        Event::Continuation(text) => {
            if let Some(value) = last.as_ref().and_then(|name| section.0.get_mut(name)) {
                let mut longer = Zeroizing::new(String::with_capacity(value.len() + 1 + text.len()));
                for part in [value.as_str(), "\n", text] {
                    longer.push_str(part);
                }
                *value = longer;
            }
        }
    }
}

fn in_config(section: &str) -> Kind {
    if section == "default" {
        return Kind::BareDefault;
    }
    let named = section.split_once([' ', '\t']).map(|(kind, name)| (kind, name.trim()));
    match named.filter(|(_, name)| is_name(name)) {
        Some(("profile", name)) => Kind::Profile(name.to_owned()),
        Some(("sso-session", name)) => Kind::SsoSession(name.to_owned()),
        Some(("services", name)) => Kind::Services(name.to_owned()),
        _ => Kind::Ignored,
    }
}

/// What names of profiles and properties are made of.
fn is_name(name: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.%@:+".contains(&byte);
    !name.is_empty() && name.bytes().all(named)
}
