//! The list.

use std::time::Duration;

use truebadge_protocol::limits::{REQUEST_BYTES, RESPONSE_BYTES};

use crate::{
    case::{Body, Cancel, Case, Expected, Play, Reason, Request, Step},
    http::answer,
    server::Addresses,
};

/// For requests that end by themselves.
const PLENTY: Duration = Duration::from_mins(1);
/// For requests that end in no other way than by their time.
const SOON: Duration = Duration::from_millis(300);
/// What the server sends slowly comes this far apart.
const SLOWLY: Duration = Duration::from_millis(10);

/// All cases, for a server at these addresses.
pub fn all(at: &Addresses) -> Vec<Case> {
    [
        requests(at),
        answers(at),
        pauses(at),
        sizes(at),
        not_a_browser(at),
        time(at),
        broken(at),
        connections(at),
    ]
    .concat()
}

fn requests(at: &Addresses) -> Vec<Case> {
    let echo = |name, method, rest: &str, body: Option<Body>, came: &str| {
        let sent = Request {
            method,
            body,
            ..get(&at.plain, name, rest)
        };
        one(name, sent, Play::Echo, text(came))
    };
    let json = Some(Body::Text(r#"{"up_to":7}"#.to_owned()));
    let large = Body::Letters(REQUEST_BYTES);
    vec![
        echo(
            "a_get_carries_credentials_and_no_body",
            "GET",
            "v1/changes",
            None,
            "1 GET v1/changes Bearer token-1 - - 0 bytes",
        ),
        echo(
            "a_put_carries_credentials_and_json",
            "PUT",
            "v1/devices/d",
            json.clone(),
            r#"1 PUT v1/devices/d Bearer token-1 application/json - {"up_to":7}"#,
        ),
        echo(
            "a_post_carries_credentials_and_json",
            "POST",
            "v1/operations",
            json,
            r#"1 POST v1/operations Bearer token-1 application/json - {"up_to":7}"#,
        ),
        echo(
            "a_delete_arrives",
            "DELETE",
            "v1/devices/d",
            None,
            "1 DELETE v1/devices/d Bearer token-1 - - 0 bytes",
        ),
        echo(
            "a_path_and_a_query_arrive_as_they_were_encoded",
            "GET",
            "a%2Fb%20c%3Ad/%C3%A9~-._?since=1&received=1-3%2C9&epoch=a%2Bb%3D+%25",
            None,
            "1 GET a%2Fb%20c%3Ad/%C3%A9~-._?since=1&received=1-3%2C9&epoch=a%2Bb%3D+%25 \
             Bearer token-1 - - 0 bytes",
        ),
        echo(
            "the_largest_request_arrives_whole",
            "POST",
            "v1/operations",
            Some(large),
            &format!(
                "1 POST v1/operations Bearer token-1 application/json - {REQUEST_BYTES} bytes"
            ),
        ),
    ]
}

fn answers(at: &Addresses) -> Vec<Case> {
    let plain = |name, status, bytes: &[u8], body: &str| {
        let play = script([Step::Send(bytes.to_vec())]);
        let expected = answered(status, None, Body::Text(body.to_owned()));
        one(name, get(&at.plain, name, ""), play, expected)
    };
    let closed = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end".to_vec();
    let until_closed = script([Step::Send(closed), Step::Close]);
    let name = "a_body_may_end_with_the_connection";
    vec![
        plain("an_empty_body_is_no_error", 200, &answer(200, "", b""), ""),
        plain(
            "no_content_is_no_error",
            204,
            b"HTTP/1.1 204 No Content\r\n\r\n",
            "",
        ),
        plain(
            "a_body_may_come_in_chunks",
            200,
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
              3\r\none\r\n5\r\n, two\r\n0\r\n\r\n",
            "one, two",
        ),
        one(
            name,
            get(&at.plain, name, ""),
            until_closed,
            text("until the end"),
        ),
        plain(
            "an_error_status_is_an_answer_with_its_body",
            404,
            &answer(
                404,
                "content-type: application/problem+json\r\n",
                b"{\"status\":404}",
            ),
            "{\"status\":404}",
        ),
        plain(
            "a_server_error_is_an_answer",
            500,
            &answer(500, "", b"oops"),
            "oops",
        ),
        plain(
            "an_interim_answer_is_not_the_answer",
            200,
            &[
                b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".as_slice(),
                &answer(200, "", b"the answer"),
            ]
            .concat(),
            "the answer",
        ),
    ]
}

fn pauses(at: &Addresses) -> Vec<Case> {
    let pause = |name, header: &str, expected| {
        let header = format!("Retry-After: {header}\r\n");
        let play = script([Step::Send(answer(503, &header, b"busy"))]);
        let expected = answered(503, expected, Body::Text("busy".to_owned()));
        one(name, get(&at.plain, name, ""), play, expected)
    };
    vec![
        pause("a_pause_in_seconds_is_heard", "7", Some(7)),
        pause("a_pause_of_nothing_is_heard", "0", Some(0)),
        // A date needs a clock that the phone may not have: the phone makes a pause of its own.
        pause(
            "a_pause_until_a_date_is_left_to_the_phone",
            "Fri, 31 Dec 2049 23:59:59 GMT",
            None,
        ),
        pause(
            "a_pause_that_is_no_number_is_left_to_the_phone",
            "soon",
            None,
        ),
        pause(
            "a_pause_of_less_than_nothing_is_left_to_the_phone",
            "-7",
            None,
        ),
        pause(
            "a_pause_without_bound_is_left_to_the_phone",
            "99999999999999999999",
            None,
        ),
    ]
}

fn sizes(at: &Addresses) -> Vec<Case> {
    let sized = |name, steps: Vec<Step>, expected| {
        one(
            name,
            get(&at.plain, name, ""),
            Play::Script(steps),
            expected,
        )
    };
    let too_large = RESPONSE_BYTES + 1;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {too_large}\r\n\r\n");
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
    let unending = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let largest = Body::Letters(RESPONSE_BYTES);
    let error = Expected::Error(Reason::TooLarge);
    vec![
        sized(
            "the_largest_answer_is_read_whole",
            vec![Step::Send(answer(200, "", &largest.bytes()))],
            answered(200, None, largest),
        ),
        sized(
            "an_answer_that_says_that_it_is_too_large_is_not_awaited",
            vec![Step::Send(head.into_bytes()), Step::Hold],
            error.clone(),
        ),
        sized(
            "an_answer_in_chunks_without_end_is_too_large",
            vec![
                Step::Send(chunked.to_vec()),
                Step::Forever(chunk, Duration::ZERO),
            ],
            error.clone(),
        ),
        sized(
            "an_answer_without_length_and_end_is_too_large",
            vec![
                Step::Send(unending.to_vec()),
                Step::Forever(vec![b'x'; 0x1000], Duration::ZERO),
            ],
            error,
        ),
    ]
}

/// What browsers do, and a transport does not.
fn not_a_browser(at: &Addresses) -> Vec<Case> {
    let redirect = |name, method, status| {
        let location = format!("location: {}/elsewhere\r\n", at.plain);
        let play = script([Step::Send(answer(status, &location, b"moved"))]);
        let sent = Request {
            method,
            ..get(&at.plain, name, "")
        };
        let expected = answered(status, None, Body::Text("moved".to_owned()));
        one(name, sent, play, expected)
    };
    let challenge = |name, header: &str| {
        let header = format!("www-authenticate: {header}\r\n");
        let play = script([Step::Send(answer(401, &header, b""))]);
        let expected = answered(401, None, Body::Text(String::new()));
        one(name, get(&at.plain, name, ""), play, expected)
    };
    let twice = |name, came: &str| {
        let sent = get(&at.plain, name, "");
        Case {
            requests: vec![sent.clone(), sent.clone()],
            ..one(name, sent, Play::Echo, text(came))
        }
    };
    let compressed = "compression_changes_nothing";
    vec![
        redirect("a_redirect_is_not_followed", "GET", 307),
        redirect("a_redirect_of_a_post_is_not_followed", "POST", 302),
        challenge(
            "refused_credentials_are_an_answer",
            "Bearer realm=\"relay\"",
        ),
        challenge(
            "a_challenge_for_a_password_is_an_answer",
            "Basic realm=\"relay\"",
        ),
        // The echo sets a cookie and says that it may be kept.
        twice(
            "cookies_and_answers_are_not_kept",
            "2 GET  Bearer token-1 - - 0 bytes",
        ),
        one(
            compressed,
            get(&at.plain, compressed, ""),
            Play::CompressIfAsked,
            text("plain"),
        ),
    ]
}

fn time(at: &Addresses) -> Vec<Case> {
    let late = |name, steps: Vec<Step>| {
        let sent = Request {
            timeout: SOON,
            ..get(&at.plain, name, "")
        };
        one(
            name,
            sent,
            Play::Script(steps),
            Expected::Error(Reason::TimedOut),
        )
    };
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec();
    let silent = "a_handshake_without_answer_ends_with_the_time";
    vec![
        late("no_answer_ends_with_the_time", vec![Step::Hold]),
        late(
            "a_body_that_stops_ends_with_the_time",
            vec![Step::Send(head.clone()), Step::Send(vec![b'x']), Step::Hold],
        ),
        late(
            "a_body_that_never_stops_trickling_ends_with_the_time",
            vec![Step::Send(head), Step::Forever(vec![b'x'], SLOWLY)],
        ),
        one(
            silent,
            Request {
                timeout: SOON,
                ..get(&at.silent_tls, silent, "")
            },
            Play::Echo,
            Expected::Error(Reason::TimedOut),
        ),
    ]
}

fn broken(at: &Addresses) -> Vec<Case> {
    let broken = |name, steps: Vec<Step>| {
        let expected = Expected::Error(Reason::Broken);
        one(
            name,
            get(&at.plain, name, ""),
            Play::Script(steps),
            expected,
        )
    };
    let cut = |name, bytes: &[u8]| broken(name, vec![Step::Send(bytes.to_vec()), Step::Close]);
    vec![
        broken(
            "a_connection_that_is_closed_at_once_broke",
            vec![Step::Close],
        ),
        cut(
            "a_head_that_is_cut_off_is_no_answer",
            b"HTTP/1.1 200 OK\r\ncontent-len",
        ),
        cut(
            "a_body_that_is_cut_off_is_no_answer",
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":",
        ),
        cut(
            "chunks_that_are_cut_off_are_no_answer",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
        ),
        cut(
            "a_chunk_without_size_is_no_answer",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nmany\r\n{\"a\":\r\n",
        ),
        cut("what_is_not_http_is_no_answer", b"SSH-2.0-OpenSSH_9.9\r\n"),
        broken(
            "headers_without_end_are_no_answer",
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Step::Forever(
                    [b"x: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat(),
                    Duration::ZERO,
                ),
            ],
        ),
    ]
}

fn connections(at: &Addresses) -> Vec<Case> {
    let fails = |name, to: &str, reason| {
        let expected = Expected::Error(reason);
        one(name, get(to, name, ""), Play::Echo, expected)
    };
    let plain_as_tls = at.plain.replace("http:", "https:");
    let kept = "a_kept_connection_that_the_relay_closed_is_replaced";
    let cancelled = "a_cancelled_request_closes_its_connection_and_holds_up_no_other";
    vec![
        fails(
            "where_nobody_listens_is_no_connection",
            &at.nobody,
            Reason::NoConnection,
        ),
        fails(
            "a_host_that_does_not_exist_is_no_connection",
            "http://nobody.invalid",
            Reason::NoConnection,
        ),
        fails(
            "a_certificate_that_nobody_signed_is_not_trusted",
            &at.tls,
            Reason::NotTrusted,
        ),
        fails(
            "a_relay_without_tls_is_not_trusted",
            &plain_as_tls,
            Reason::NotTrusted,
        ),
        Case {
            requests: vec![
                get(&at.plain, kept, ""),
                get(&at.control, "close", kept),
                get(&at.plain, kept, ""),
            ],
            ..one(
                kept,
                get(&at.plain, kept, ""),
                Play::Echo,
                text("2 GET  Bearer token-1 - - 0 bytes"),
            )
        },
        Case {
            cancel: Some(Cancel {
                arrived: get(&at.control, "arrived", cancelled),
                gone: get(&at.control, "gone", cancelled),
            }),
            ..one(
                cancelled,
                get(&at.plain, cancelled, ""),
                script([Step::Hold]),
                text("gone"),
            )
        },
    ]
}

fn get(to: &str, first: &str, rest: &str) -> Request {
    Request {
        method: "GET",
        url: format!("{to}/{first}/{rest}"),
        credentials: "token-1",
        body: None,
        timeout: PLENTY,
    }
}

fn one(name: &'static str, request: Request, play: Play, expected: Expected) -> Case {
    Case {
        name,
        requests: vec![request],
        cancel: None,
        expected,
        play,
    }
}

fn script(steps: impl Into<Vec<Step>>) -> Play {
    Play::Script(steps.into())
}

fn answered(status: u16, retry_after_s: Option<u64>, body: Body) -> Expected {
    Expected::Answer {
        status,
        retry_after_s,
        body,
    }
}

fn text(body: &str) -> Expected {
    answered(200, None, Body::Text(body.to_owned()))
}
