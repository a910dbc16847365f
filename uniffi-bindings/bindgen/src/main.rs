//! UniFFI's Swift generator, at exactly the version of the scaffolding in `truebadge-ffi`.
//!
//! A crate of its own, because a binary beside the library would have the library built twice: with
//! the generator's features and without.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
