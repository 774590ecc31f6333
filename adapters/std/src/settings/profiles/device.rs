//! Profiles of devices that have a certificate.

use super::plan::{At, Base};
use crate::Error;
use crate::certificate::ClientCertificate;

impl At<'_> {
    /// The certificate's settings, if they lead to credentials.
    pub(super) fn device(&self) -> Result<Option<Base>, Error> {
        let first = |names: [&'static str; 2]| names.into_iter().find(|name| self.get(name).is_some());
        let iot = first(["iot_endpoint", "iot_role_alias"]);
        let anywhere = first(["trust_anchor_arn", "profile_arn"]);
        match (iot, anywhere) {
            (None, None) => Ok(None),
            (Some(iot), Some(anywhere)) => Err(self.wrong(&format!(
                "it has settings of AWS IoT ({iot}) and of IAM Roles Anywhere ({anywhere}): keep those of one"
            ))),
            (Some(_), None) => self.iot(),
            (None, Some(_)) => self.anywhere(),
        }
    }

    /// Refuses a device's settings in a profile whose role is assumed with other credentials, and the other way round:
    /// one of them would be left out in silence.
    pub(super) fn check_device_beside_role(&self) -> Result<(), Error> {
        const DEVICE: [&str; 6] = [
            "iot_endpoint",
            "iot_role_alias",
            "trust_anchor_arn",
            "profile_arn",
            "certificate",
            "private_key",
        ];
        const SOURCE: [&str; 5] =
            ["source_profile", "credential_source", "web_identity_token_file", "external_id", "mfa_serial"];
        let first = |names: &[&'static str]| names.iter().copied().find(|name| self.get(name).is_some());
        let Some(device) = first(&DEVICE) else { return Ok(()) };
        let beside = first(&SOURCE).or_else(|| self.get("trust_anchor_arn").is_none().then_some("role_arn"));
        match beside {
            Some(other) => Err(self.wrong(&format!(
                "it has {device} beside {other}: give the certificate a profile of its own, and name that as source_profile \
                 of the role"
            ))),
            None => Ok(()),
        }
    }

    #[cfg(feature = "iot")]
    fn iot(&self) -> Result<Option<Base>, Error> {
        let with = "AWS IoT needs";
        let certificate = self.certificate(with, self.path("iot_ca_bundle"))?;
        let endpoint = self.needed(with, "iot_endpoint")?;
        let mut role = crate::IotRole::new(endpoint, self.needed(with, "iot_role_alias")?, certificate);
        role.thing_name = self.owned("iot_thing_name");
        Ok(Some(Base::Iot(role)))
    }

    #[cfg(not(feature = "iot"))]
    fn iot(&self) -> Result<Option<Base>, Error> {
        Ok(None)
    }

    #[cfg(feature = "roles-anywhere")]
    fn anywhere(&self) -> Result<Option<Base>, Error> {
        let with = "IAM Roles Anywhere needs";
        let needed = |name| self.needed(with, name);
        let (anchor, profile) = (needed("trust_anchor_arn")?, needed("profile_arn")?);
        let certificate = self.certificate(with, None)?;
        if self.get("iot_ca_bundle").is_some() {
            return Err(self.wrong(
                "it has an iot_ca_bundle, but no iot_endpoint: AWS_CA_BUNDLE is for IAM Roles Anywhere",
            ));
        }
        let mut role = crate::AnywhereRole::new(anchor, profile, needed("role_arn")?, certificate);
        role.session_name = self.owned("role_session_name");
        role.duration_seconds = self.seconds("duration_seconds")?;
        Ok(Some(Base::RolesAnywhere(role)))
    }

    #[cfg(not(feature = "roles-anywhere"))]
    fn anywhere(&self) -> Result<Option<Base>, Error> {
        Ok(None)
    }

    fn needed(&self, with: &str, property: &str) -> Result<String, Error> {
        self.owned(property).ok_or_else(|| self.missing(with, property))
    }

    fn missing(&self, with: &str, property: &str) -> Error {
        self.wrong(&format!("{with} {property}, which it does not have"))
    }

    /// The files of certificate and key.
    fn certificate(&self, with: &str, ca: Option<String>) -> Result<ClientCertificate, Error> {
        let needed = |property| self.path(property).ok_or_else(|| self.missing(with, property));
        let (certificate, key) = (needed("certificate")?, needed("private_key")?);
        let mut files = ClientCertificate::files(certificate, key);
        (files.chain, files.ca) = (self.path("certificate_chain"), ca);
        if let Some(path) = self.path("private_key_passphrase_file") {
            files = files.passphrase_file(path);
        }
        match self.get("private_key_shared") {
            None => Ok(files),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(files.shared_key_file()),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(files),
            Some(_) => Err(self.unusable("private_key_shared", "expected true or false")),
        }
    }
}
