//! JSON as serde_json reads it.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::hostile::Keys;

/// The members of the object that `document` is, in order, those of one name too; `None` where the
/// oracle does not tell.
pub fn members(document: &[u8]) -> Option<Vec<(String, Value)>> {
    match serde_json::from_slice::<Members>(document) {
        Ok(members) => Some(members.0),
        Err(error) if keeps_no_such_number(&error) => None,
        Err(error) => panic!("accepted, but {error}"),
    }
}

/// Permitted difference: a reader that keeps numbers as text takes those that no `f64` can hold.
pub fn keeps_no_such_number(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

/// The one value that `names` have among `members`, in any case. Nulls say nothing.
#[track_caller]
pub fn one<'m>(members: &'m [(String, Value)], names: &[&str]) -> &'m str {
    optional(members, names).unwrap_or_else(|| panic!("none of {names:?}: {members:?}"))
}

/// The one value that `names` have among `members`, in any case, if there is one. Nulls say nothing.
#[track_caller]
pub fn optional<'m>(members: &'m [(String, Value)], names: &[&str]) -> Option<&'m str> {
    let named = |name: &str| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
    let mut values = members.iter().filter(|(name, value)| named(name) && !value.is_null());
    let (_, value) = values.next()?;
    assert!(values.next().is_none(), "not one of {names:?}: {members:?}");
    Some(value.as_str().expect("a text"))
}

/// The texts at `path`, names of members from the root on, each of those of one name. A document that is none
/// has no texts.
pub fn texts(document: &[u8], path: &[&str]) -> Vec<String> {
    let mut values: Vec<_> = serde_json::from_slice::<Any>(document).into_iter().collect();
    for name in path {
        let members = values.into_iter().flat_map(|value| match value {
            Any::Object(members) => members,
            Any::Text(_) | Any::Other => Vec::new(),
        });
        values = members.filter(|(found, _)| found == name).map(|(_, value)| value).collect();
    }
    let text = |value| if let Any::Text(text) = value { Some(text) } else { None };
    values.into_iter().filter_map(text).collect()
}

/// A value with all members of its objects, those of one name too.
enum Any {
    Object(Vec<(String, Any)>),
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsItComes;
        impl<'de> Visitor<'de> for AsItComes {
            type Value = Any;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Any::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Any, A::Error> {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Any::Other)
            }

            fn visit_str<E>(self, text: &str) -> Result<Any, E> {
                Ok(Any::Text(text.to_owned()))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Any, E> {
                Ok(Any::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Any, E> {
                Ok(Any::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Any, E> {
                Ok(Any::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Any, E> {
                Ok(Any::Other)
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Other)
            }
        }
        deserializer.deserialize_any(AsItComes)
    }
}

struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The credentials that `document` hands out, which was accepted; `None` where the oracle does not
/// tell.
pub fn credentials(document: &[u8]) -> Option<Keys> {
    let members = members(document)?;
    let mut account: Option<&str> = None;
    for (name, value) in &members {
        let Some(text) = value.as_str() else { continue };
        if name.eq_ignore_ascii_case("AccountId") {
            account = Some(text);
        } else if name.eq_ignore_ascii_case("RoleArn") {
            // Permitted difference: what is read of an ARN that is written with escapes is nothing.
            let written = document.windows(text.len().max(1)).any(|window| window == text.as_bytes());
            let told = if written { text.split(':').nth(4).unwrap_or_default() } else { "" };
            account.get_or_insert(told);
        }
    }
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    Some(Keys {
        id: one(&members, &["AccessKeyId"]).to_owned(),
        secret: one(&members, &["SecretAccessKey"]).to_owned(),
        token: Some(one(&members, &["Token", "SessionToken"]).to_owned()),
        account: account.filter(digits).map(str::to_owned),
        expiration: crate::seconds(one(&members, &["Expiration", "ExpiresAt"])),
    })
}
