//! The paths of the two files (*Location of the shared config and credentials files*, AWS SDKs and Tools
//! Reference Guide).

use rolecall_core::error::FailureKind;

use super::Profiles;
use crate::files::{ReadFile, read_file};
use crate::host::Buffer;
use crate::{Environment, Error};

/// The system whose rules for home folders apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// `HOME`.
    Unix,
    /// `HOME`, else `USERPROFILE`, else `HOMEDRIVE` and `HOMEPATH`.
    Windows,
}

impl Platform {
    /// The system of this program.
    pub const HERE: Self = if cfg!(windows) { Self::Windows } else { Self::Unix };

    fn home(self, environment: &Environment) -> Option<String> {
        let home = environment.get("HOME");
        if self == Self::Unix {
            return home;
        }
        home.or_else(|| environment.get("USERPROFILE")).or_else(|| {
            let (drive, path) = (environment.get("HOMEDRIVE")?, environment.get("HOMEPATH")?);
            Some(drive + &path)
        })
    }

    /// The path, with the home folder in place of `~/` at its start.
    pub(super) fn path(self, path: String, home: Option<&str>) -> String {
        match (path.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => format!("{home}{}{rest}", self.separator()),
            _ => path,
        }
    }

    fn separator(self) -> char {
        if self == Self::Windows { '\\' } else { '/' }
    }
}

/// The paths of the files; `None` without a home folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// `AWS_CONFIG_FILE`, else `~/.aws/config`.
    pub config: Option<String>,
    /// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
    pub credentials: Option<String>,
    /// `~/.aws/sso/cache`.
    pub sso_cache: Option<String>,
    /// `AWS_LOGIN_CACHE_DIRECTORY`, else `~/.aws/login/cache`.
    pub login_cache: Option<String>,
    /// What `~` stands for.
    pub home: Option<String>,
}

impl Location {
    /// Finds the paths in `environment`.
    pub fn find(environment: &Environment, platform: Platform) -> Self {
        let home = platform.home(environment);
        let separator = platform.separator();
        let below_home = |parts: &[&str]| {
            let mut path = home.clone()?;
            for part in parts {
                path.push(separator);
                path.push_str(part);
            }
            Some(path)
        };
        let given = |variable: &str| Some(platform.path(environment.get(variable)?, home.as_deref()));
        Self {
            config: given("AWS_CONFIG_FILE").or_else(|| below_home(&[".aws", "config"])),
            credentials: given("AWS_SHARED_CREDENTIALS_FILE")
                .or_else(|| below_home(&[".aws", "credentials"])),
            sso_cache: below_home(&[".aws", "sso", "cache"]),
            login_cache: given("AWS_LOGIN_CACHE_DIRECTORY")
                .or_else(|| below_home(&[".aws", "login", "cache"])),
            home,
        }
    }

    /// Reads the files, each once: what became of either, for people, and what they have. One that does not exist
    /// counts as empty.
    pub(crate) fn read(&self, file: &ReadFile<'_>) -> ([&'static str; 2], Result<Profiles, Error>) {
        let (of_config, config) = read(file, self.config.as_deref());
        let (of_credentials, credentials) = read(file, self.credentials.as_deref());
        ([of_config, of_credentials], self.merged(config, credentials))
    }

    fn merged(
        &self,
        config: Result<Buffer, Error>,
        credentials: Result<Buffer, Error>,
    ) -> Result<Profiles, Error> {
        let (config, credentials) = (config?, credentials?);
        let mut profiles = Profiles::default();
        profiles.home.clone_from(&self.home);
        let named = |path: &Option<String>| path.clone().unwrap_or_default();
        let path = named(&self.config);
        profiles
            .add_config_of(&path, config.bytes())
            .map_err(|error| malformed(&path, config.bytes(), &error))?;
        let path = named(&self.credentials);
        profiles
            .add_credentials_of(&path, credentials.bytes())
            .map_err(|error| malformed(&path, credentials.bytes(), &error))?;
        Ok(profiles)
    }
}

fn read(file: &ReadFile<'_>, path: Option<&str>) -> (&'static str, Result<Buffer, Error>) {
    let mut content = Buffer::new();
    let Some(path) = path else { return ("no home folder", Ok(content)) };
    match file(path, &mut content) {
        Err(failure) if failure.kind == FailureKind::NotFound => ("not there", Ok(Buffer::new())),
        Err(failure) => ("cannot be read", Err(Error::invalid(path, &failure.to_string()))),
        Ok(()) => ("read", Ok(content)),
    }
}

impl Profiles {
    /// Reads the files that `environment` leads to: those of `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, else of
    /// the home folder. Files that do not exist are empty.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a file that cannot be read, or whose format is broken.
    pub fn load(environment: &Environment) -> Result<Self, Error> {
        let location = Location::find(environment, Platform::HERE);
        location.read(&read_file).1
    }
}

/// Adds the number of the line to an error.
fn malformed(path: &str, file: &[u8], error: &rolecall_core::wire::Error) -> Error {
    let before = file.get(..error.offset).unwrap_or(file);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    Error::invalid(path, &format!("line {line}: {error}"))
}
