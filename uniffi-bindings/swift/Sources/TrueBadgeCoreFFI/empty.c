// SwiftPM wants a source file in a C target; the library itself is linked from Rust.
