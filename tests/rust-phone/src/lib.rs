//! A phone without an iPhone: the engine behind the same commands and output as the Swift phone host.
