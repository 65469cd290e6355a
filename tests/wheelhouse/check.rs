//! `wheeltap wheelhouse check`.
