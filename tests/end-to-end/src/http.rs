//! HTTP clients that go straight to loopback.

/// A client. One that speaks HTTP/2 from the first byte, as providers do with APNs, if so wanted.
pub(crate) fn client(http2: bool) -> anyhow::Result<reqwest::Client> {
    // Whoever installed one before us serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    let builder = if http2 {
        builder.http2_prior_knowledge()
    } else {
        builder
    };
    Ok(builder.build()?)
}
