//! What a description consists of.

/// An option.
pub(in crate::arguments) struct Opt {
    /// As it is written: `-H, --header NAME:VALUE`.
    pub(in crate::arguments) spelled: &'static str,
    pub(in crate::arguments) given: Given,
    pub(in crate::arguments) about: &'static str,
}

/// How often an option is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::arguments) enum Given {
    Once,
    Often,
    /// Once, and not left out.
    Always,
}

/// Options with a title.
pub(in crate::arguments) struct Group {
    pub(in crate::arguments) title: &'static str,
    pub(in crate::arguments) options: &'static [Opt],
}

/// A command, or a recipe of `setup`.
pub(in crate::arguments) struct Topic {
    /// `sign`, `setup ec2-role`.
    pub(in crate::arguments) name: &'static str,
    /// The words that follow: `METHOD URL`.
    pub(in crate::arguments) words: &'static str,
    pub(in crate::arguments) about: &'static str,
    /// How it is used, as in a shell.
    pub(in crate::arguments) examples: [&'static str; 2],
    /// Its own options.
    pub(in crate::arguments) options: &'static [Opt],
    /// Those that it has in common with others.
    pub(in crate::arguments) groups: &'static [&'static Group],
    /// What its help says beside its options, in lines.
    pub(in crate::arguments) more: &'static [&'static str],
    /// When the exit code is 0, if that is not all there is to say.
    pub(in crate::arguments) success: Option<&'static str>,
}

impl Opt {
    /// The long name, without hyphens.
    pub(in crate::arguments) fn long(&self) -> &'static str {
        let long = self.spelled.split_once("--").map_or("", |(_, long)| long);
        long.split(' ').next().unwrap_or_default()
    }

    /// Whether it is given with a value.
    pub(in crate::arguments) fn has_value(&self) -> bool {
        self.spelled.split_once("--").is_some_and(|(_, long)| long.contains(' '))
    }

    /// The letter of the short name, if there is one.
    pub(in crate::arguments) fn short(&self) -> Option<char> {
        self.spelled.split_once(", ")?.0.strip_prefix('-')?.chars().next()
    }
}

impl Topic {
    /// Every option, its own first.
    pub(in crate::arguments) fn all(&self) -> impl Iterator<Item = &'static Opt> {
        self.options.iter().chain(self.groups.iter().flat_map(|group| group.options))
    }

    /// Whether it has the option of that long name.
    pub(in crate::arguments) fn has(&self, long: &str) -> bool {
        self.all().any(|option| option.long() == long)
    }
}

pub(super) const fn once(spelled: &'static str, about: &'static str) -> Opt {
    Opt { spelled, given: Given::Once, about }
}

pub(super) const fn often(spelled: &'static str, about: &'static str) -> Opt {
    Opt { spelled, given: Given::Often, about }
}

#[cfg(feature = "setup")]
pub(super) const fn always(spelled: &'static str, about: &'static str) -> Opt {
    Opt { spelled, given: Given::Always, about }
}
