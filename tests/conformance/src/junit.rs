//! JUnit's XML, as CI servers read it.

use std::fmt::Write;

use crate::{case::Stop, report::Counts, run::Done};

/// The whole file.
pub fn xml(done: &[Done]) -> String {
    let counts = Counts::of(done);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"truebadge-conformance\" \
         tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
        done.len(),
        counts.failed,
        counts.not_run
    );
    // Writing to a text cannot fail.
    for one in done {
        let (group, _) = one.case.id.split_once('.').unwrap_or((one.case.id, ""));
        let (id, seconds) = (escaped(one.case.id), one.took.as_secs_f64());
        let _ = write!(
            text,
            "  <testcase classname=\"{}\" name=\"{id}\" time=\"{seconds:.3}\"",
            escaped(group)
        );
        let _ = match &one.verdict {
            Ok(()) => writeln!(text, "/>"),
            Err(Stop::NotRun(why)) => {
                let why = escaped(why);
                writeln!(text, "><skipped message=\"{why}\"/></testcase>")
            }
            Err(Stop::Failed {
                expected,
                seen,
                exchange,
            }) => writeln!(
                text,
                "><failure message=\"{}\">expected: {}\nseen: {}\n{}</failure></testcase>",
                escaped(one.case.sentence),
                escaped(expected),
                escaped(seen),
                escaped(exchange.as_deref().unwrap_or_default())
            ),
        };
    }
    text + "</testsuite>\n"
}

/// Without what XML has a meaning for, and what it cannot carry.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut text, letter| {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\n' => text.push('\n'),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                text.push(' ');
            }
            letter => text.push(letter),
        }
        text
    })
}
