//! Completions: commands, the words that follow them, options, and values that are files or a few words.

use super::super::catalog::{COMMANDS, Opt, SHARED, Topic};
use super::words::{Value, second_words, topics};

/// The long names of a topic's options, with hyphens.
fn options(topic: &Topic) -> Vec<String> {
    topic.all().map(|option| format!("--{}", option.long())).collect()
}

/// The names of options whose values are of a kind, short ones included, each once.
fn named(is: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut names: Vec<String> = topics()
        .flat_map(Topic::all)
        .filter(|option| is(&Value::of(option)))
        .flat_map(|option| {
            let short = option.short().map(|letter| format!("-{letter}"));
            short.into_iter().chain([format!("--{}", option.long())])
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The first word of a description, and all of it, without what a shell would read.
fn plain(text: &str) -> String {
    text.replace(['\'', '"', '`', '$', '[', ']', ':', '\\'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn bash() -> String {
    let mut out = String::from(
        "# Completions of rolecall for bash: source <(rolecall generate bash)\n\
         _rolecall_offer() {\n  local line\n  while IFS= read -r line; do COMPREPLY+=(\"$line\"); done\n}\n\
         _rolecall() {\n  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n  \
         local topic= words= skip= at word\n  COMPREPLY=()\n  \
         for ((at = 1; at < COMP_CWORD; at++)); do\n    word=${COMP_WORDS[at]}\n    \
         if [[ $skip ]]; then\n      skip=\n      continue\n    fi\n    \
         case $word in VALUED) skip=1 ;; esac\n    \
         if [[ $word == -- ]]; then\n      _rolecall_offer < <(compgen -c -- \"$current\")\n      return\n    fi\n    \
         if [[ $word != -* && ( -z $topic || ( $topic == setup && $words == setup ) ) ]]; then\n      \
         topic=${topic:+$topic }$word words=$topic\n    fi\n  done\n  case $previous in\n",
    )
    .replace("VALUED", &named(|value| !matches!(value, Value::None)).join("|"));
    for (kind, names) in [
        ("-f", named(|value| matches!(value, Value::File))),
        ("-d", named(|value| matches!(value, Value::Folder))),
    ] {
        out.push_str(&format!(
            "    {})\n      _rolecall_offer < <(compgen {kind} -- \"$current\")\n      compopt -o filenames 2>/dev/null\n      return ;;\n",
            names.join("|")
        ));
    }
    for option in choices() {
        let Value::OneOf(all) = Value::of(option) else { continue };
        out.push_str(&format!(
            "    --{})\n      _rolecall_offer < <(compgen -W '{}' -- \"$current\")\n      return ;;\n",
            option.long(),
            all.join(" ")
        ));
    }
    out.push_str(&format!(
        "    {})\n      return ;;\n  esac\n  case $topic in\n",
        named(|value| matches!(value, Value::Other)).join("|")
    ));
    let commands: Vec<&str> = COMMANDS.iter().map(|topic| topic.name).collect();
    out.push_str(&format!("    '') words='{} --help --version' ;;\n", commands.join(" ")));
    for topic in topics() {
        let all: Vec<String> =
            second_words(topic).into_iter().map(str::to_owned).chain(options(topic)).collect();
        out.push_str(&format!("    '{}') words='{}' ;;\n", topic.name, all.join(" ")));
    }
    out.push_str("    *) words= ;;\n  esac\n  _rolecall_offer < <(compgen -W \"$words\" -- \"$current\")\n}\ncomplete -F _rolecall rolecall\n");
    out
}

/// Options whose value is one of a few words, each once.
fn choices() -> Vec<&'static Opt> {
    let mut found: Vec<&'static Opt> = Vec::new();
    for option in topics().flat_map(Topic::all) {
        let known = found.iter().any(|other| other.long() == option.long());
        if !known && matches!(Value::of(option), Value::OneOf(_)) {
            found.push(option);
        }
    }
    found
}

pub(super) fn zsh() -> String {
    let mut out = String::from(
        "#compdef rolecall\n# Completions of rolecall for zsh: put it into a folder of fpath, as _rolecall\n\
         _rolecall() {\n  local topic= skip= word\n  local -a all\n  \
         for word in ${words[2,CURRENT-1]}; do\n    \
         if [[ -n $skip ]]; then skip=; continue; fi\n    \
         [[ $word == -- ]] && { _command_names -e; return }\n    \
         case $word in VALUED) skip=1; continue ;; esac\n    \
         if [[ $word != -* && ( -z $topic || $topic == setup ) ]]; then topic=${topic:+$topic }$word; fi\n  done\n  \
         case $words[CURRENT-1] in\n",
    )
    .replace("VALUED", &named(|value| !matches!(value, Value::None)).join("|"));
    for (action, names) in [
        ("_files", named(|value| matches!(value, Value::File))),
        ("_files -/", named(|value| matches!(value, Value::Folder))),
    ] {
        out.push_str(&format!("    {}) {action}; return ;;\n", names.join("|")));
    }
    for option in choices() {
        let Value::OneOf(all) = Value::of(option) else { continue };
        out.push_str(&format!("    --{}) compadd -- {}; return ;;\n", option.long(), all.join(" ")));
    }
    out.push_str(&format!(
        "    {}) return ;;\n  esac\n  case $topic in\n",
        named(|value| matches!(value, Value::Other)).join("|")
    ));
    let commands: Vec<&str> = COMMANDS.iter().map(|topic| topic.name).collect();
    out.push_str(&format!("    '') all=({} --help --version) ;;\n", commands.join(" ")));
    for topic in topics() {
        let all: Vec<String> =
            second_words(topic).into_iter().map(str::to_owned).chain(options(topic)).collect();
        out.push_str(&format!("    '{}') all=({}) ;;\n", topic.name, all.join(" ")));
    }
    out.push_str("  esac\n  compadd -a all\n}\n_rolecall \"$@\"\n");
    out
}

pub(super) fn fish() -> String {
    let mut out = String::from(
        "# Completions of rolecall for fish: rolecall generate fish | source\ncomplete -c rolecall -f\n",
    );
    for topic in COMMANDS {
        out.push_str(&format!(
            "complete -c rolecall -n __fish_use_subcommand -a {} -d '{}'\n",
            topic.name,
            plain(topic.about)
        ));
    }
    for topic in topics() {
        let mut words = topic.name.split(' ');
        let first = words.next().unwrap_or_default();
        let condition = match words.next() {
            Some(second) => {
                format!("__fish_seen_subcommand_from {first}; and __fish_seen_subcommand_from {second}")
            }
            None => format!("__fish_seen_subcommand_from {first}"),
        };
        let second = second_words(topic);
        if !second.is_empty() {
            out.push_str(&format!("complete -c rolecall -n '{condition}' -a '{}'\n", second.join(" ")));
        }
        put_fish(&mut out, &condition, topic.options);
    }
    // Options that several have: once, with the names of all.
    for group in SHARED {
        let names = topics().filter(|topic| topic.groups.iter().any(|other| other.title == group.title));
        let mut names: Vec<&str> = names.filter_map(|topic| topic.name.split(' ').next()).collect();
        names.dedup();
        put_fish(&mut out, &format!("__fish_seen_subcommand_from {}", names.join(" ")), group.options);
    }
    out
}

fn put_fish(out: &mut String, condition: &str, options: &[Opt]) {
    for option in options {
        let short = option.short().map_or(String::new(), |letter| format!(" -s {letter}"));
        let value = match Value::of(option) {
            Value::None => String::new(),
            Value::File => " -r -F".to_owned(),
            Value::Folder => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::OneOf(all) => format!(" -x -a '{}'", all.join(" ")),
            Value::Other => " -x".to_owned(),
        };
        out.push_str(&format!(
            "complete -c rolecall -n '{condition}'{short} -l {}{value} -d '{}'\n",
            option.long(),
            plain(option.about)
        ));
    }
}

pub(super) fn powershell() -> String {
    let mut out = String::from(
        "# Completions of rolecall for PowerShell: rolecall generate powershell | Out-String | Invoke-Expression\n\
         Register-ArgumentCompleter -Native -CommandName rolecall -ScriptBlock {\n  \
         param($word, $ast, $position)\n  \
         $given = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { \"$_\" } | Where-Object { $_ -ne $word -and $_ -notlike '-*' })\n  \
         $topic = \"$($given[0])\"\n  if ($topic -eq 'setup' -and $given.Count -gt 1) { $topic = \"setup $($given[1])\" }\n  \
         $words = switch ($topic) {\n",
    );
    let quoted =
        |words: &[String]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
    let commands: Vec<String> = COMMANDS.iter().map(|topic| topic.name.to_owned()).collect();
    out.push_str(&format!("    '' {{ {} }}\n", quoted(&commands)));
    for topic in topics() {
        let all: Vec<String> =
            second_words(topic).into_iter().map(str::to_owned).chain(options(topic)).collect();
        out.push_str(&format!("    '{}' {{ {} }}\n", topic.name, quoted(&all)));
    }
    out.push_str(
        "  }\n  $words | Where-Object { $_ -like \"$word*\" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }\n}\n",
    );
    out
}
