//! Links that have the app add an account.

use truebadge_protocol::AccountId;
use url::{Url, form_urlencoded::Serializer};

/// An address that a phone takes: with TLS, or on the very machine, where its simulator runs.
pub fn relay(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "write it as https://relay.example.com".to_owned())?;
    let this_machine = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if this_machine => Ok(url),
        _ => Err("phones take https:// only, and http:// on their own machine".to_owned()),
    }
}

/// `truebadge://add?relay=…&account=…&token=…`. A space is `%20`: for iOS a plus is a plus.
pub fn account(relay: &Url, account: &AccountId, token: &str) -> String {
    let query = Serializer::new(String::new())
        .append_pair("relay", relay.as_str())
        .append_pair("account", account.as_str())
        .append_pair("token", token)
        .finish();
    format!("truebadge://add?{}", query.replace('+', "%20"))
}
