//! The merged content of the two files.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rolecall_core::wire;
use rolecall_core::wire::ini::{Event, Reader, sub_property};

use crate::host::append;
use crate::secret::Wiped;

/// The properties of one section, by their names in lower case. `Debug` shows the names alone: values may be
/// secret.
#[derive(Default)]
pub struct Section {
    properties: BTreeMap<String, Wiped<String>>,
    places: BTreeMap<String, Place>,
    /// Whether the credentials file has its keys.
    pub(super) has_own_keys: bool,
}

/// Where a property is: the file, and its line.
#[derive(Clone)]
struct Place(Arc<str>, usize);

impl Section {
    /// Where a property is, for errors: `FILE, line 3`. `None` for one that no file has.
    pub(crate) fn place(&self, name: &str) -> Option<String> {
        self.places.get(name).map(|Place(file, line)| format!("{file}, line {line}"))
    }

    /// The value of a property, if it has a character other than white space.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|value| value.as_str()).filter(|value| !value.trim().is_empty())
    }

    /// The sub-property `name` of `property`, as in `services` sections.
    pub fn sub(&self, property: &str, name: &str) -> Option<&str> {
        let mut lines = self.properties.get(property)?.lines().filter_map(sub_property);
        lines.rfind(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and values, empty ones too, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a property, as if the file had it.
    pub fn set(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        self.places.remove(&name);
        self.properties.insert(name, Wiped::new(value.to_owned()));
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.properties.keys()).finish()
    }
}

/// Profiles, sign-in sessions and sections of services, by name.
#[derive(Debug, Default)]
pub struct Profiles {
    profiles: BTreeMap<String, Section>,
    sso_sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    /// What `~/` at the start of a path stands for.
    pub(super) home: Option<String>,
}

/// The kind of a section, from its name.
#[derive(PartialEq, Eq)]
enum Kind<'n> {
    Profile(&'n str),
    /// `[default]` in the config file: counts unless there is a `[profile default]`.
    BareDefault,
    SsoSession(&'n str),
    Services(&'n str),
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
        self.add_config_of("the config file", file)
    }

    /// Adds the content of the config file at `path`.
    pub(super) fn add_config_of(&mut self, path: &str, file: &[u8]) -> Result<(), wire::Error> {
        let mut bare = Section::default();
        let (mut has_bare, mut has_prefixed) = (false, false);
        let mut lines = Lines::of(path, file);
        let mut adding = Adding::default();
        let mut reader = Reader::new(file);
        while let Some(event) = reader.next_event()? {
            let Event::Section(name) = event else {
                adding.add(event, || lines.before(reader.offset()));
                continue;
            };
            let kind = in_config(name);
            has_bare |= kind == Kind::BareDefault;
            has_prefixed |= kind == Kind::Profile("default");
            adding.end_property();
            adding = Adding::to(match kind {
                Kind::Profile(name) => Some(section(&mut self.profiles, name)),
                Kind::SsoSession(name) => Some(section(&mut self.sso_sessions, name)),
                Kind::Services(name) => Some(section(&mut self.services, name)),
                Kind::BareDefault => Some(&mut bare),
                Kind::Ignored => None,
            });
        }
        adding.end_property();
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
        self.add_credentials_of("the credentials file", file)
    }

    /// Adds the content of the credentials file at `path`.
    pub(super) fn add_credentials_of(&mut self, path: &str, file: &[u8]) -> Result<(), wire::Error> {
        let mut lines = Lines::of(path, file);
        let mut adding = Adding::default();
        let mut reader = Reader::new(file);
        while let Some(event) = reader.next_event()? {
            let Event::Section(name) = event else {
                adding.add(event, || lines.before(reader.offset()));
                continue;
            };
            adding.end_property();
            adding = Adding::to(if is_name(name) { Some(section(&mut self.profiles, name)) } else { None });
            adding.is_credentials = true;
        }
        adding.end_property();
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

/// Counts the lines of a file while it is read.
struct Lines<'f> {
    path: Arc<str>,
    file: &'f [u8],
    counted: usize,
    lines: usize,
}

impl<'f> Lines<'f> {
    fn of(path: &str, file: &'f [u8]) -> Self {
        Self { path: path.into(), file, counted: 0, lines: 0 }
    }

    /// The line that ends before `offset`.
    fn before(&mut self, offset: usize) -> Place {
        let more = self.file.get(self.counted..offset).unwrap_or_default();
        let complete = more.iter().filter(|byte| **byte == b'\n').count();
        (self.counted, self.lines) = (offset, self.lines + complete);
        Place(self.path.clone(), self.lines + usize::from(!more.ends_with(b"\n")))
    }
}

/// The section of that name, which may be new.
fn section<'s>(sections: &'s mut BTreeMap<String, Section>, name: &str) -> &'s mut Section {
    sections.entry(name.to_owned()).or_default()
}

/// The section that is read, and the property that continuation lines belong to. A section is looked up once, and a
/// property once it is complete: neither costs time for each line.
#[derive(Default)]
struct Adding<'s> {
    section: Option<&'s mut Section>,
    property: Option<(String, Wiped<Vec<u8>>, Place)>,
    /// Whether it is the credentials file that is read.
    is_credentials: bool,
}

impl<'s> Adding<'s> {
    /// The lines of `section` follow; `None` skips them.
    fn to(section: Option<&'s mut Section>) -> Self {
        Self { section, property: None, is_credentials: false }
    }

    /// Adds one line. Nothing of a property with a bad name is kept.
    fn add(&mut self, event: Event<'_>, place: impl FnOnce() -> Place) {
        match event {
            Event::Section(_) => {}
            Event::Property { name, value } => {
                self.end_property();
                if self.section.is_some() && is_name(name) {
                    let value = Wiped::new(value.as_bytes().to_vec());
                    self.property = Some((name.to_ascii_lowercase(), value, place()));
                }
            }
            Event::Continuation(text) => {
                if let Some((_, value, _)) = &mut self.property {
                    append(value, b"\n");
                    append(value, text.as_bytes());
                }
            }
        }
    }

    fn end_property(&mut self) {
        if let Some(section) = &mut self.section
            && let Some((name, mut value, place)) = self.property.take()
        {
            // It consists of texts.
            let value = String::from_utf8(std::mem::take(&mut *value)).unwrap_or_default();
            section.has_own_keys |=
                self.is_credentials && name == "aws_access_key_id" && !value.trim().is_empty();
            section.places.insert(name.clone(), place);
            section.properties.insert(name, Wiped::new(value));
        }
    }
}

fn in_config(section: &str) -> Kind<'_> {
    if section == "default" {
        return Kind::BareDefault;
    }
    let named = section.split_once([' ', '\t']).and_then(|(kind, name)| Some((kind, unquoted(name.trim())?)));
    match named {
        Some(("profile", name)) => Kind::Profile(name),
        Some(("sso-session", name)) => Kind::SsoSession(name),
        Some(("services", name)) => Kind::Services(name),
        _ => Kind::Ignored,
    }
}

/// The name in a section's header: as it is, or in quotes, as the AWS CLI writes a name with spaces.
fn unquoted(name: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(inner) = name.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let plain = !inner.contains([quote, '\\']) && !inner.chars().any(char::is_control);
            return (plain && !inner.trim().is_empty()).then_some(inner);
        }
    }
    is_name(name).then_some(name)
}

/// What names of profiles and properties are made of.
fn is_name(name: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.%@:+".contains(&byte);
    !name.is_empty() && name.bytes().all(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_many_lines_is_moved_few_times() {
        const LINES: usize = 87_000;
        let mut held = Section::default();
        let mut adding = Adding::to(Some(&mut held));
        let place = || Place("file".into(), 1);
        adding.add(Event::Property { name: "Key", value: "first" }, place);
        let (mut moves, mut at) = (0, std::ptr::null());
        for _ in 0..LINES {
            adding.add(Event::Continuation("x"), place);
            let now = adding.property.as_ref().map(|(_, value, _)| value.as_ptr());
            moves += usize::from(now != Some(at));
            at = now.expect("a property");
        }
        adding.end_property();
        // Its memory doubles each time.
        assert!(moves <= 20, "{moves}");
        let value = held.get("key").expect("a value");
        assert!(value.starts_with("first\nx\nx\n") && value.lines().count() == LINES + 1);
    }

    #[test]
    fn lines_belong_to_the_property_and_section_above() {
        let mut profiles = Profiles::default();
        let file = b"[profile a]\nb = 1\n c = 2\nB = 3\nbad name = 4\n lost\n[other]\nb = 5\n lost\n\
            [profile a]\nlast =\n d = 6\n[default]\nx = bare\n[profile a]\nb = 7\n 8\n";
        profiles.add_config(file).expect("it is well-formed");
        let found: Vec<_> = profiles.profile("a").expect("a profile").iter().collect();
        assert_eq!(found, [("b", "7\n8"), ("last", "\nd = 6")]);
        assert_eq!(profiles.profile("default").and_then(|section| section.get("x")), Some("bare"));
        profiles
            .add_credentials(b"[a]\nb = 9\n[bad name]\nb = 10\n lost\n[a]\nkey = 11\n 12\n")
            .expect("too");
        let found: Vec<_> = profiles.profile("a").expect("a profile").iter().collect();
        assert_eq!(found, [("b", "9"), ("key", "11\n12"), ("last", "\nd = 6")]);
        let place = |name| profiles.profile("a").and_then(|section| section.place(name));
        assert_eq!(place("b").as_deref(), Some("the credentials file, line 2"));
        assert_eq!(place("key").as_deref(), Some("the credentials file, line 7"));
        assert_eq!(place("last").as_deref(), Some("the config file, line 11"));
        assert_eq!(place("none"), None);
    }
}
