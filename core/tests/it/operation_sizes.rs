//! The length of each operation: its type and its `Action` with their documentation.

use std::path::Path;

/// The number of lines of the item that starts at `start`, with the documentation before it.
fn item(lines: &[&str], start: usize) -> usize {
    let is_about = |line: &&&str| line.trim_start().starts_with("///") || line.starts_with("#[");
    let before = lines[..start].iter().rev().take_while(is_about).count();
    let ends = |line: &&str| *line == "}" || line.ends_with(";") && !line.starts_with(' ');
    let after = lines[start..].iter().position(ends).expect("the end of the item") + 1;
    before + after
}

#[test]
fn an_operation_is_about_thirty_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services");
    let mut sizes = Vec::new();
    for file in ["iam.rs", "ec2.rs", "ecs.rs", "user_pool.rs", "identity_pool.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).expect(file);
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("impl Action for ") else { continue };
            let name = rest.split(['<', ' ']).next().expect("a name");
            let own = |line: &&str| {
                let declared = line.strip_prefix("pub struct ");
                declared.is_some_and(|rest| rest.split(['<', ' ']).next() == Some(name))
            };
            let declared = lines.iter().position(own).expect("the type of an action");
            sizes.push((item(&lines, declared) + item(&lines, at), name.to_owned()));
        }
    }
    sizes.sort();
    let [shortest, .., longest] = sizes.as_slice() else { panic!("no operations found") };
    let median = &sizes[sizes.len() / 2];
    println!(
        "{} operations: shortest {} with {} lines, median {} with {}, longest {} with {}",
        sizes.len(),
        shortest.1,
        shortest.0,
        median.1,
        median.0,
        longest.1,
        longest.0
    );
    assert!(sizes.len() >= 30, "operations are missing");
    assert!(median.0 <= 30, "the median, {}, has {} lines", median.1, median.0);
    assert!(longest.0 <= 75, "{} has {} lines", longest.1, longest.0);
}
