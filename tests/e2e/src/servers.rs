//! The servers that `tests/run e2e` starts, told by `ROLECALL_*` variables.

/// One server, with a user of it.
#[derive(Debug, Clone)]
pub struct Server {
    name: &'static str,
}

impl Server {
    /// ministack, moto or seaweedfs. Where it is not running, `None` and a loud notice; a failure if
    /// `CI` is set.
    pub fn named(name: &'static str) -> Option<Self> {
        let server = Self { name };
        if server.get("URL").is_some() {
            return Some(server);
        }
        assert!(std::env::var_os("CI").is_none(), "CI is set, but {name} is not running");
        eprintln!("NOTICE: {name} is not running, and is not asked: `tests/run e2e` starts it");
        None
    }

    /// The variable `ROLECALL_NAME_WHAT`.
    pub fn get(&self, what: &str) -> Option<String> {
        std::env::var(format!("ROLECALL_{}_{what}", self.name.to_uppercase())).ok()
    }

    /// As [`Server::get`], for one that has to be there.
    pub fn need(&self, what: &str) -> String {
        self.get(what).unwrap_or_else(|| panic!("no ROLECALL_{}_{what}", self.name.to_uppercase()))
    }

    /// What makes an AWS client the server's user.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", self.need("ACCESS_KEY_ID")),
            ("AWS_SECRET_ACCESS_KEY", self.need("SECRET_ACCESS_KEY")),
            ("AWS_REGION", self.need("REGION")),
            ("AWS_ENDPOINT_URL_STS", self.need("URL")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
    /// As [`Server::environment`], for every service that the server has.
    pub fn every_service(&self) -> Vec<(&'static str, String)> {
        let mut all = self.environment();
        all.extend(self.anonymous());
        all
    }

    /// What somebody without keys needs to know of the server.
    pub fn anonymous(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", self.need("REGION")),
            ("AWS_ENDPOINT_URL", self.need("URL")),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}
