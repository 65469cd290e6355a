//! Journals that were torn, damaged, or written by somebody newer.
