//! Operations that set roles up, as types: what the guides' journeys need of IAM, EC2, ECS and Cognito.
//!
//! Each is an [`Action`](crate::sources::call::Action): its members are fields, its output borrows from
//! the slot that the reply was kept in. Members that are not there are left to the service. Limits are
//! the service's to tell, by its own code and message.
//!
//! ```
//! use rolecall_core::services::iam::{CreateRole, trust};
//! use rolecall_core::sources::call::{AnyAction, Call, Service};
//! use rolecall_core::sources::{Endpoint, Fixed};
//!
//! let mut policy = [0; 512];
//! let trust = trust::service("ec2.amazonaws.com", &mut policy)?;
//! let role = CreateRole { description: Some("a gateway"), ..CreateRole::new("gateway", trust) };
//! let iam = Service::new(Endpoint::parse("https://iam.amazonaws.com")?, "us-east-1");
//! let call = Call::new(Fixed::new(None), iam, AnyAction::of(&role));
//! # let _ = call;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod ec2;
pub mod ecs;
pub mod iam;
pub mod identity_pool;
pub mod user_pool;

/// A tag: its key, and its value.
pub type Tag<'c> = (&'c str, &'c str);

/// Actions whose request is nothing but texts, and whose reply says nothing but that it is done.
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

        impl $crate::sources::call::Action for $name<'_> {
            const API: $crate::sources::call::Api = $api;
            const NAME: &'static str = stringify!($name);
            $(const REPEATABLE: bool = $repeatable;)?
            $(const SIGNED: bool = $signed;)?
            type Output<'r> = ();

            fn members(&self, to: &mut dyn $crate::sources::call::Members) {
                $(to.text($text, self.$field);)*
            }

            fn output(_: $crate::sources::call::Kept<'_>) -> Result<(), $crate::error::ErrorKind> {
                Ok(())
            }
        }
    )*};
}

use texts_only;
