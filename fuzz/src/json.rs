//! JSON as read by serde_json.

use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::hostile::Keys;

/// The members of an object, in order, including duplicates; `None` if serde_json does not support one of its
/// numbers.
pub fn members(document: &[u8]) -> Option<Vec<(String, Value)>> {
    match serde_json::from_slice::<Members<Value>>(document) {
        Ok(members) => Some(members.0),
        Err(error) if keeps_no_such_number(&error) => None,
        Err(error) => panic!("accepted, but {error}"),
    }
}

/// Permitted difference: a reader that keeps numbers as text accepts those that no `f64` can hold.
pub fn keeps_no_such_number(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

/// The only value of the members called one of `names`, ignoring case. Nulls are skipped.
#[track_caller]
pub fn one<'m>(members: &'m [(String, Value)], names: &[&str]) -> &'m str {
    optional(members, names).unwrap_or_else(|| panic!("none of {names:?}: {members:?}"))
}

/// The only value of the members called one of `names`, ignoring case, if any. Nulls are skipped.
#[track_caller]
pub fn optional<'m>(members: &'m [(String, Value)], names: &[&str]) -> Option<&'m str> {
    let named = |name: &str| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
    let mut values = members.iter().filter(|(name, value)| named(name) && !value.is_null());
    let (_, value) = values.next()?;
    assert!(values.next().is_none(), "not exactly one of {names:?}: {members:?}");
    Some(value.as_str().expect("a text"))
}

/// The strings at `path`, a list of member names from the root, including those of duplicate members; numbers
/// as written. An invalid document has none.
pub fn texts(document: &[u8], path: &[&str]) -> Vec<String> {
    let mut values: Vec<Box<RawValue>> = serde_json::from_slice(document).into_iter().collect();
    for name in path {
        let members = |value: Box<RawValue>| serde_json::from_str::<Members<_>>(value.get()).into_iter();
        let members = values.into_iter().flat_map(members).flat_map(|members| members.0);
        values = members.filter(|(found, _)| found == name).map(|(_, value)| value).collect();
    }
    let is_number = |text: &str| text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let text = |value: &str| serde_json::from_str(value).ok().or(is_number(value).then(|| value.to_owned()));
    values.iter().filter_map(|value| text(value.get())).collect()
}

/// The values of the members called `name` of the object that `document` is, as written, including duplicates. An
/// invalid document has none.
pub fn named(document: &[u8], name: &str) -> Vec<Box<RawValue>> {
    let members = serde_json::from_slice::<Members<Box<RawValue>>>(document).into_iter();
    let members = members.flat_map(|members| members.0);
    members.filter(|(found, _)| found == name).map(|(_, value)| value).collect()
}

/// The values in the array or object that `document` is.
pub fn items(document: &[u8]) -> Vec<Box<RawValue>> {
    let members = serde_json::from_slice::<Members<Box<RawValue>>>(document).into_iter();
    let members = members.flat_map(|members| members.0).map(|(_, value)| value);
    serde_json::from_slice(document).unwrap_or_else(|_| members.collect())
}

/// Every string value in the document, including those of duplicate members. An invalid document has none.
pub fn every_text(document: &[u8]) -> Vec<String> {
    let mut values: Vec<Box<RawValue>> = serde_json::from_slice(document).into_iter().collect();
    let mut texts = Vec::new();
    while let Some(value) = values.pop() {
        if let Ok(text) = serde_json::from_str(value.get()) {
            texts.push(text);
        } else if let Ok(Members(members)) = serde_json::from_str(value.get()) {
            values.extend(members.into_iter().map(|(_, value)| value));
        } else if let Ok(items) = serde_json::from_str::<Vec<_>>(value.get()) {
            values.extend(items);
        }
    }
    texts
}

/// The members of an object, in order, including duplicates.
struct Members<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Members<V>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<V>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

/// The credentials in an accepted `document`; `None` if serde_json does not support one of its numbers.
pub fn credentials(document: &[u8]) -> Option<Keys> {
    let members = members(document)?;
    let as_written: Members<Box<RawValue>> = serde_json::from_slice(document).expect("members");
    let mut account: Option<&str> = None;
    for ((name, value), (_, as_written)) in members.iter().zip(&as_written.0) {
        let Some(text) = value.as_str() else { continue };
        if name.eq_ignore_ascii_case("AccountId") {
            account = Some(text);
        } else if name.eq_ignore_ascii_case("RoleArn") {
            // Permitted difference: an ARN that is written with escapes is ignored.
            let plain = as_written.get().trim_matches('"') == text;
            let id = if plain { text.split(':').nth(4).unwrap_or_default() } else { "" };
            account.get_or_insert(id);
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
