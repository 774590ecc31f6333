//! Credentials for the holder of a certificate.

use super::{Fetched, Fetcher};
use crate::certificate::{ClientCertificate, Identity};
use crate::trace::Trace;
use crate::{Error, lock};

impl<'a> Fetcher<'a> {
    /// The same with a certificate, and with its key.
    fn presenting<'b>(self, identity: &'b Identity) -> Fetcher<'b>
    where
        'a: 'b,
    {
        Fetcher { identity: Some(identity), key: Some(identity.key()), ..self }
    }

    /// Reads a certificate and its key, and warns of dates that a service is likely to refuse.
    fn read_identity(&self, certificate: &ClientCertificate) -> Result<Identity, Error> {
        let identity = certificate.load(self.host)?;
        let time = lock(self.clock).time(self.host.now());
        let problem = time.and_then(|time| identity.date_problem(time));
        if let (Some(tracer), Some(problem)) = (self.tracer, problem) {
            tracer(Trace::Warning { problem: &problem });
        }
        Ok(identity)
    }

    /// The credentials of a role alias of AWS IoT.
    #[cfg(feature = "iot")]
    pub(crate) fn iot(&self, role: &crate::IotRole) -> Result<Fetched, Error> {
        use rolecall_core::error::{Error as SourceError, ErrorKind};
        use rolecall_core::flow::Endpoint;
        use rolecall_core::sources::Iot;
        use rolecall_core::wire::uri::Scheme;

        use crate::settings::url::WITH_USER;

        let url = match role.endpoint.contains("://") {
            true => role.endpoint.clone(),
            false => format!("https://{}", role.endpoint),
        };
        let expected = "expected HOST or HOST:PORT of the account's credential provider (aws iot describe-endpoint \
                        --endpoint-type iot:CredentialProvider)";
        let wrong = || Error::invalid("IoT endpoint", &format!("found {:?}, {expected}", role.endpoint));
        if role.endpoint.contains('@') {
            return Err(Error::invalid("IoT endpoint", WITH_USER));
        }
        let endpoint = Endpoint::parse(&url).map_err(|_| wrong())?;
        if endpoint.scheme() != Scheme::Https || !endpoint.base_path().is_empty() {
            return Err(wrong());
        }
        let identity = self.read_identity(&role.certificate)?;
        let mut flow = Iot::new(endpoint, &role.role_alias, role.thing_name.as_deref());
        let fetched = self.presenting(&identity).credentials(&mut flow);
        fetched.map_err(|mut error| {
            if let Error::Source {
                error: SourceError { kind: ErrorKind::Invalid(what), .. }, detail, ..
            } = &mut error
            {
                let named = role.thing_name.as_deref().filter(|_| what.starts_with("thing"));
                detail.about = format!("found {:?}", named.unwrap_or(&role.role_alias));
            }
            error
        })
    }

    /// The credentials of a session of IAM Roles Anywhere.
    #[cfg(feature = "roles-anywhere")]
    pub(crate) fn anywhere(&self, role: &crate::AnywhereRole) -> Result<Fetched, Error> {
        use rolecall_core::error::{Error as SourceError, Origin};
        use rolecall_core::sigv4::CertificateTexts;
        use rolecall_core::sources::{AnywhereSession, RolesAnywhere};
        use rolecall_core::wire::base64;

        use crate::driver::EXCHANGE;
        use crate::fetch::{SLOT, taken};
        use crate::sink::Sink;

        let arns = (&role.trust_anchor_arn, &role.profile_arn, &role.role_arn);
        let mut session = AnywhereSession::new(arns.0, arns.1, arns.2);
        session.duration_seconds = role.duration_seconds;
        session.session_name = role.session_name.as_deref();
        session.check().map_err(|kind| Error::from(SourceError::new(Origin::RolesAnywhere, "", kind)))?;
        let url = self.settings.service_in("rolesanywhere", session.region())?;
        let endpoint = self.settings.parsed("rolesanywhere", &url)?;
        let identity = self.read_identity(&role.certificate)?;
        let text = |certificates: &[Vec<u8>]| {
            let mut text = Vec::new();
            for (index, der) in certificates.iter().enumerate() {
                text.extend_from_slice(if index > 0 { b"," } else { b"" });
                base64::encode(der, &mut Sink(&mut text));
            }
            text
        };
        let (own, others) = identity.certificates().split_at(1.min(identity.certificates().len()));
        let (own, chain) = (text(own), text(others));
        let texts = CertificateTexts { certificate: &own, chain: &chain };
        let mut flow = RolesAnywhere::new(endpoint, session, identity.leaf()?, texts);
        let room = EXCHANGE + own.len() + chain.len();
        self.presenting(&identity).run_in(room, SLOT, &mut flow, taken)
    }
}
