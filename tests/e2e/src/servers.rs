//! The servers that `tests/run e2e` starts, described by `ROLECALL_*` variables.

/// A server, with the credentials of one of its users.
#[derive(Debug, Clone)]
pub struct Server {
    name: &'static str,
}

impl Server {
    /// Finds ministack, moto or seaweedfs. If it is not running, prints a notice and returns `None`; if `CI`
    /// is set, panics.
    pub fn named(name: &'static str) -> Option<Self> {
        let server = Self { name };
        if server.get("URL").is_some() {
            return Some(server);
        }
        assert!(std::env::var_os("CI").is_none(), "CI is set, but {name} is not running");
        eprintln!("NOTICE: {name} is not running, its tests are skipped: `tests/run e2e` starts it");
        None
    }

    /// The value of the variable `ROLECALL_NAME_WHAT`.
    pub fn get(&self, what: &str) -> Option<String> {
        std::env::var(format!("ROLECALL_{}_{what}", self.name.to_uppercase())).ok()
    }

    /// The value of a required variable.
    pub fn need(&self, what: &str) -> String {
        self.get(what).unwrap_or_else(|| panic!("no ROLECALL_{}_{what}", self.name.to_uppercase()))
    }

    /// The environment of an AWS client that acts as the server's user.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", self.need("ACCESS_KEY_ID")),
            ("AWS_SECRET_ACCESS_KEY", self.need("SECRET_ACCESS_KEY")),
            ("AWS_REGION", self.need("REGION")),
            ("AWS_ENDPOINT_URL_STS", self.need("URL")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
    /// The same as [`Server::environment`], with the endpoints of every service.
    pub fn every_service(&self) -> Vec<(&'static str, String)> {
        let mut all = self.environment();
        all.extend(self.anonymous());
        all
    }

    /// The environment of a client without credentials.
    pub fn anonymous(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", self.need("REGION")),
            ("AWS_ENDPOINT_URL", self.need("URL")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}
