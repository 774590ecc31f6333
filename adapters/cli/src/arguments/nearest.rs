//! The name that was probably meant.

/// The most similar of `names`, if it takes two changes at most, and fewer than half of its letters.
pub(super) fn nearest<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Nothing so long is a misspelled name.
    if given.len() > 64 {
        return None;
    }
    let distances = names.map(|name| (distance(given, name), name));
    let (changes, name) = distances.min_by_key(|(changes, _)| *changes)?;
    (changes <= 2 && 2 * changes < name.chars().count()).then_some(name)
}

/// The number of letters to insert, to leave out, to replace, or to swap with the next one, from `from` to `to` (optimal
/// string alignment).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in to.iter().enumerate() {
            let mut changes = (last[j] + usize::from(letter != other)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other {
                changes = changes.min(before_last[j - 1] + 1);
            }
            row.push(changes);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_found_if_it_is_near() {
        let names = ["profile", "region", "role-arn", "cert", "key", "profile-arn"];
        for (given, expected) in [
            ("profil", Some("profile")),
            ("porfile", Some("profile")),
            ("rol-arn", Some("role-arn")),
            ("Region", Some("region")),
            ("keyy", Some("key")),
            ("kay", Some("key")),
            ("frobnicate", None),
            ("", None),
            ("a", None),
            (&"x".repeat(100_000), None),
        ] {
            assert_eq!(nearest(given, names.into_iter()), expected, "{given}");
        }
    }
}
