//! The binary as it is shipped: linked statically, so that it runs in roots with another C library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Builds it, if that is necessary, and says where it is.
pub(crate) fn linked_statically() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--bin", "wheeltap", "--target", &target])
            .env("RUSTFLAGS", "-C target-feature=+crt-static -C debuginfo=0 -C strip=symbols")
            .current_dir(root)
            .status()
            .unwrap();
        assert!(status.success(), "cannot build the static binary");
        let built = root.join("target").join(target).join("debug/wheeltap");
        assert!(built.is_file(), "{} was not built", built.display());
        built
    })
}
