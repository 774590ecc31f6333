//! Operations of IAM, EC2, ECS and Cognito that provision roles, and of STS, as types.
//!
//! Each is an [`Action`](crate::call::Action): its members are fields, its output borrows from
//! the slot with the reply. Absent members are left to the service. Limits are
//! checked by the service, which reports them by its own code and message. A request that needs another
//! member is an
//! `Action` of the caller's.
//!
//! ```
//! use rolecall_core::services::iam::{CreateRole, trust};
//! use rolecall_core::call::{AnyAction, Call, Service};
//! use rolecall_core::flow::Endpoint;
//! use rolecall_core::sources::Fixed;
//!
//! let mut policy = [0; 512];
//! let trust = trust::service("ec2.amazonaws.com", &mut policy)?;
//! let role = CreateRole { description: Some("a gateway"), ..CreateRole::new("gateway", trust) };
//! let iam = Service::new(Endpoint::parse("https://iam.amazonaws.com")?, "us-east-1");
//! let call = Call::new(Fixed::new(None), iam, AnyAction::of(&role));
//! # let _ = call;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::flow::Each;

pub mod ec2;
pub mod ecs;
pub mod iam;
pub mod identity_pool;
pub mod sts;
pub mod user_pool;

/// A tag: its key, and its value.
pub type Tag<'c> = (&'c str, &'c str);

/// A resource with an id and a name: a user pool, a client of one, an identity pool.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Named<'r> {
    /// Its id, as the service assigned it.
    pub id: &'r str,
    /// Its name, which need not be unique.
    pub name: &'r str,
}

/// A page of a list of resources.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<'r> {
    /// The resources on it.
    pub each: Each<'r, Named<'r>>,
    /// The token of the next page; `None` if this is the last.
    pub next: Option<&'r str>,
}

/// Actions whose members are all texts, and whose reply has no content.
macro_rules! texts_only {
    ($(
        $(#[$about:meta])*
        $name:ident of $api:ident $(repeatable = $repeatable:literal)? $(signed = $signed:literal)? {
            $($(#[$member:meta])* $field:ident: $text:literal,)*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub struct $name<'c> {
            $($(#[$member])* pub $field: &'c str,)*
        }

        impl $crate::call::Action for $name<'_> {
            const API: $crate::call::Api = $api;
            const NAME: &'static str = stringify!($name);
            $(const REPEATABLE: bool = $repeatable;)?
            $(const SIGNED: bool = $signed;)?
            type Output<'r> = ();

            fn members(&self, to: &mut dyn $crate::call::Members) {
                $(to.text($text, self.$field);)*
            }

            fn output(_: $crate::flow::Kept<'_>) -> Result<(), $crate::error::ErrorKind> {
                Ok(())
            }
        }
    )*};
}

use texts_only;
