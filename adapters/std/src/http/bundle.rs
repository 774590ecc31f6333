//! The certificates that a setting names.

/// A file of certificates, and the setting that names it.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing is trusted without TLS"))]
pub(crate) struct Bundle {
    pub(crate) setting: String,
    pub(crate) path: String,
}

impl Bundle {
    /// What is wrong with it.
    #[cfg(feature = "tls")]
    pub(super) fn problem(&self, problem: &str) -> String {
        format!("{}: {}: {problem}", self.setting, self.path)
    }
}
