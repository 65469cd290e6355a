//! Log directories that are missing, read-only or full.
