//! What is printed of a run.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use crate::{
    case::{Case, Stop},
    run::Done,
};

/// How many passed, failed, were not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // said above
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub not_run: usize,
}

impl Counts {
    /// Of these.
    pub fn of(done: &[Done]) -> Self {
        done.iter().fold(Self::default(), |mut counts, done| {
            match done.verdict {
                Ok(()) => counts.passed += 1,
                Err(Stop::Failed { .. }) => counts.failed += 1,
                Err(Stop::NotRun(_)) => counts.not_run += 1,
            }
            counts
        })
    }
}

/// The whole report for a person.
pub fn text(done: &[Done], every: bool) -> String {
    let mut text = String::new();
    let mut section = "";
    // Writing to a text cannot fail.
    for one in done {
        if every && one.case.section != section {
            section = one.case.section;
            let _ = writeln!(text, "\n{section}");
        }
        match &one.verdict {
            Ok(()) if every => {
                let _ = writeln!(text, "  passed   {:<46} {}", one.case.id, one.case.sentence);
            }
            Err(Stop::NotRun(_)) if every => {
                let _ = writeln!(text, "  not run  {:<46} {}", one.case.id, one.case.sentence);
            }
            Ok(()) | Err(Stop::NotRun(_)) => {}
            Err(Stop::Failed { .. }) => text.push_str(&failure(one)),
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text + &summary(done)
}

fn failure(done: &Done) -> String {
    let Err(Stop::Failed {
        expected,
        seen,
        exchange,
    }) = &done.verdict
    else {
        return String::new();
    };
    let (id, sentence, section) = (done.case.id, done.case.sentence, done.case.section);
    let mut text = format!(
        "\n  FAILED   {id}\n    {sentence}\n    see \"{section}\" in docs/PROTOCOL.md\n    \
         expected: {expected}\n    seen:     {seen}\n"
    );
    for line in exchange.iter().flat_map(|exchange| exchange.lines()) {
        let _ = writeln!(text, "      {line}");
    }
    text
}

/// One line, and why what was not run was not.
pub fn summary(done: &[Done]) -> String {
    let counts = Counts::of(done);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for one in done {
        if let Err(Stop::NotRun(why)) = &one.verdict {
            *reasons.entry(why).or_default() += 1;
        }
    }
    let Counts {
        passed,
        failed,
        not_run,
    } = counts;
    let mut text = format!("{passed} passed, {failed} failed, {not_run} not run");
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons
            .iter()
            .map(|(why, count)| format!("{count}: {why}"))
            .collect();
        let _ = write!(text, " ({})", reasons.join("; "));
    }
    text + "\n"
}

/// The whole report for a script.
pub fn json(done: &[Done]) -> Value {
    let cases: Vec<Value> = done.iter().map(case).collect();
    let Counts {
        passed,
        failed,
        not_run,
    } = Counts::of(done);
    json!({ "passed": passed, "failed": failed, "not_run": not_run, "cases": cases })
}

fn case(done: &Done) -> Value {
    let mut value = described(&done.case);
    value["seconds"] = done.took.as_secs_f64().into();
    match &done.verdict {
        Ok(()) => value["result"] = "passed".into(),
        Err(Stop::NotRun(why)) => {
            value["result"] = "not run".into();
            value["why"] = why.as_str().into();
        }
        Err(Stop::Failed {
            expected,
            seen,
            exchange,
        }) => {
            value["result"] = "failed".into();
            value["expected"] = expected.as_str().into();
            value["seen"] = seen.as_str().into();
            value["exchange"] = exchange.as_deref().unwrap_or_default().into();
        }
    }
    value
}

/// What a case is, for a script.
pub fn described(case: &Case) -> Value {
    json!({ "id": case.id, "sentence": case.sentence, "section": case.section })
}

/// The list of cases, for a person.
pub fn list(cases: &[Case]) -> String {
    let mut text = String::new();
    let mut section = "";
    for case in cases {
        if case.section != section {
            section = case.section;
            let _ = writeln!(text, "{section}");
        }
        let _ = writeln!(text, "  {:<46} {}", case.id, case.sentence);
    }
    text
}
