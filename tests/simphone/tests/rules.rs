//! The parameters and their presets.

use std::collections::BTreeSet;

use simphone::*;

#[test]
fn a_preset_is_found_by_its_name_and_no_other_is() {
    for preset in Preset::ALL {
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    let sentence = "Documented".parse::<Preset>().unwrap_err().to_string();
    assert_eq!(sentence, "a preset is one of: documented, harsh, kind");
}

#[test]
fn every_parameter_says_what_it_means_and_where_it_comes_from() {
    let parameters = Rules::parameters();
    let names: BTreeSet<_> = parameters.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names.len(), parameters.len(), "no name twice");
    for parameter in parameters {
        assert!(
            parameter.meaning.ends_with(['.', ')']),
            "{}",
            parameter.name
        );
        assert!(!parameter.source.is_empty(), "{}", parameter.name);
        let rules = parameter.rules.split(", ").filter(|rule| !rule.is_empty());
        for rule in rules {
            let number: u32 = rule.parse().unwrap();
            assert!((1..=25).contains(&number), "{}", parameter.name);
        }
    }
}

/// What a model can show of docs/PLATFORM.md; the other rules are about code, not about iOS.
#[test]
fn every_rule_that_a_model_can_show_has_a_parameter() {
    let parameters = Rules::parameters();
    let of: BTreeSet<&str> = parameters
        .iter()
        .flat_map(|one| one.rules.split(", "))
        .collect();
    for rule in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 19, 21] {
        assert!(of.contains(rule.to_string().as_str()), "rule {rule}");
    }
}

/// The README's table, from the code.
fn table() -> String {
    let mut table = String::from(
        "| parameter | what it means | documented | harsh | kind | rule | how it is known |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for one in Rules::parameters() {
        let [documented, harsh, kind] = one.values;
        // Links within the code's documentation lead nowhere in a README.
        let meaning = one.meaning.replace("[`", "`").replace("`]", "`");
        let cells = [
            format!("`{}`", one.name),
            meaning,
            documented,
            harsh,
            kind,
            one.rules.to_owned(),
            format!("**{}**: {}", one.known, one.source),
        ];
        table += &cells.map(|cell| format!("| {cell} ")).concat();
        table += "|\n";
    }
    table
}

#[test]
fn the_readme_has_every_parameter_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (text, written) = readme.split_once("<!-- parameters -->\n").unwrap();
    if std::env::var_os("WRITE_README").is_some() {
        let new = format!("{text}<!-- parameters -->\n{}", table());
        std::fs::write(path, new).unwrap();
    } else {
        let how = "run: WRITE_README=1 cargo test -p simphone --test rules";
        assert!(written == table(), "README.md is behind the code; {how}");
    }
}

#[test]
fn the_presets_differ_and_harsh_is_nowhere_kinder_than_documented() {
    let (documented, harsh, kind) = (Rules::documented(), Rules::harsh(), Rules::kind());
    assert_ne!(documented, harsh);
    assert_ne!(documented, kind);
    assert!(harsh.apns.loss > documented.apns.loss && documented.apns.loss > kind.apns.loss);
    let a_day = |rules: &Rules| rules.background.energy_a_day;
    assert!(a_day(&harsh) < a_day(&documented) && a_day(&documented) < a_day(&kind));
    let earns = |rules: &Rules| rules.background.earns_every;
    assert!(earns(&harsh) > earns(&documented) && earns(&documented) > earns(&kind));
}

#[test]
fn what_is_open_is_tossed_and_nothing_else() {
    let documented = Rules::documented();
    let tossed: Vec<Rules> = (0..64)
        .map(|seed| {
            let mut rules = documented.clone();
            rules.toss_open_questions(seed);
            rules
        })
        .collect();
    for paints in [true, false] {
        assert!(
            tossed
                .iter()
                .any(|rules| rules.screen.painted_after_force_quit == paints)
        );
        assert!(
            tossed
                .iter()
                .any(|rules| rules.screen.zero_removes_delivered == paints)
        );
    }
    for rules in tossed {
        assert_eq!(rules.apns, documented.apns);
        assert_eq!(rules.life, documented.life);
        assert!(
            rules.screen.painted_zero_removes_delivered,
            "seen in the field, not open"
        );
    }
}

#[test]
fn a_draw_lies_between_its_ends_and_is_mostly_short() {
    let random = &mut fastrand::Rng::with_seed(1);
    let delay = Delay::between(Millis(1_000), Millis(9_000));
    let draws: Vec<u64> = (0..10_000).map(|_| delay.draw(random).0).collect();
    assert!(draws.iter().all(|draw| (1_000..=9_000).contains(draw)));
    let short = draws.iter().filter(|draw| **draw < 2_000).count();
    assert!(
        (4_800..5_200).contains(&short),
        "half lie in the first eighth: {short}"
    );
    let mean = draws.iter().sum::<u64>() / 10_000;
    assert!(
        (2_900..3_100).contains(&mean),
        "a quarter of the way: {mean}"
    );
}

#[test]
fn times_are_written_so_that_a_person_reads_them() {
    let time = Time::ZERO + Millis::days(2) + Millis::hours(7) + Millis(3_250);
    assert_eq!(time.to_string(), "2d 07:00:03.250");
    assert_eq!(Time::NEVER.to_string(), "never");
    let lengths = [
        Millis::minutes(90),
        Millis::days(30),
        Millis(1_500),
        Millis::ZERO,
    ];
    assert_eq!(
        lengths.map(|one| one.to_string()),
        ["90 min", "30 d", "1500 ms", "0"]
    );
    assert_eq!(Time::from_unix_ms(time.unix_ms()), time);
}
