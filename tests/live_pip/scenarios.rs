//! The scenarios: a core with every pip, all of them with pip 24.0 or the newest.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::scenario::Scenario;
use super::support::index::Index;
use super::support::place::Place;
use super::support::streams::Streams;

const ALPHA: &str = "alpha-1.1-py3-none-any.whl";
const BETA: &str = "beta-1.0-py3-none-any.whl";
const GAMMA: &str = "gamma-2.0-py3-none-any.whl";
const BACKEND: &str = "tiny_backend-1.0-py3-none-any.whl";
const SDIST: &str = "isolated-1.0.tar.gz";
const BUILT: &str = "isolated-1.0-py3-none-any.whl";
/// The three that `gamma` leads to.
const CHAIN: [&str; 3] = [GAMMA, BETA, ALPHA];

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    [wheels(), caches(), sources(), places(), indexes(), failures(), settings(), logs(), quiet()]
        .into_iter()
        .flatten()
        .collect()
}

fn wheels() -> Vec<Scenario> {
    let backtracking = || {
        Scenario::new("backtrack", &["install", "bt-root"]).discarded(&[
            "bt_a-2.0-py3-none-any.whl",
            "bt_a-3.0-py3-none-any.whl",
            "bt_a-4.0-py3-none-any.whl",
        ])
    };
    vec![
        Scenario::new("install", &["install", "gamma"]).everywhere(),
        Scenario::new("install-together", &["install", "gamma"]).streams(Streams::Together),
        Scenario::new("install-terminal", &["install", "gamma"]).streams(Streams::Terminal),
        Scenario::new("install-pip3", &["install", "alpha"]).program("pip3"),
        Scenario::new("install-big", &["install", "big"]).everywhere(),
        Scenario::new("install-big-terminal", &["install", "big"]).streams(Streams::Terminal),
        Scenario::new("install-dotted", &["install", "dotted-name"]),
        Scenario::new("install-satisfied", &["install", "gamma"]).after(&["install", "gamma"]).installed(),
        Scenario::new("install-upgrade", &["install", "-U", "alpha"]).after(&["install", "alpha==1.0"]).installed(),
        Scenario::new("install-force", &["install", "--force-reinstall", "alpha"])
            .after(&["install", "alpha"])
            .installed()
            .from("http-cache", &[ALPHA]),
        Scenario::new("install-constraints", &["install", "-c", "limits.txt", "gamma"])
            .prepare(|place, _| write(place, "app/limits.txt", "alpha<1.1\n")),
        Scenario::new("install-requirements", &["install", "-r", "a.txt"]).prepare(|place, _| {
            write(place, "app/a.txt", "-r more/b.txt\nalpha==1.0 ; python_version > '3'\n");
            write(place, "app/more/b.txt", "# nothing\nbeta \\\n  >= 1\n");
        }),
        Scenario::new("install-report", &["install", "--report", "report.json", "gamma"])
            .with(|wanted, _| matches!(wanted, "22.3.1" | "24.0" | "newest")),
        Scenario::new("install-dry-run", &["install", "--dry-run", "gamma"])
            .with(|wanted, _| matches!(wanted, "22.3.1" | "24.0" | "25.3" | "newest")),
        Scenario::new("install-target", &["install", "--target", "lib", "gamma"]),
        backtracking().everywhere().rules(json!([{"match": "*", "metadata": false}])),
        Scenario { name: "backtrack-metadata", ..backtracking() },
        Scenario::new("download", &["download", "-d", "wheels", "gamma"]).everywhere(),
        Scenario::new("download-elsewhere", &["download", "-d", "../wheels", "gamma"]).cwd("tmp"),
        Scenario::new("download-here", &["download", "gamma"]),
        Scenario::new(
            "download-foreign",
            &["download", "--only-binary=:all:", "--no-deps", "--platform", "manylinux_2_17_aarch64", "native==1.0"],
        ),
        Scenario::new("wheel", &["wheel", "-w", "wheels", "gamma"]),
        Scenario::new("lock", &["lock", "gamma"]).with(|wanted, _| matches!(wanted, "25.3" | "newest")),
    ]
}

fn caches() -> Vec<Scenario> {
    let again = |name, arguments: &[&str]| Scenario::new(name, arguments).after(&["install", "gamma"]);
    vec![
        again("install-warm", &["install", "gamma"]).everywhere().from("http-cache", &CHAIN),
        again("install-no-cache", &["install", "--no-cache-dir", "gamma"]).everywhere(),
        again("install-no-cache-variable", &["install", "gamma"]).env("PIP_NO_CACHE_DIR", "0"),
        again("install-no-cache-abbreviated", &["install", "--no-cache", "gamma"]).everywhere(),
        again("install-no-cache-last", &["install", "--cache-dir", "../tmp/cache", "--no-ca", "gamma"]),
        again("install-no-cache-first", &["install", "--no-cache-dir", "--ca=../home/.cache/pip", "gamma"])
            .env("PIP_NO_CACHE_DIR", "1")
            .everywhere()
            .from("http-cache", &CHAIN),
        Scenario::new("install-cache-at-home", &["install", "gamma"])
            .after(&["install", "--cache-dir", "{root}/home/x", "gamma"])
            .env("PIP_CACHE_DIR", "~/x")
            .from("http-cache", &CHAIN),
        again("install-other-cache", &["install", "--cache-dir", "../tmp/cache", "gamma"]),
        Scenario::new("install-own-cache", &["install", "--cache-dir", "{root}/tmp/cache", "gamma"])
            .after(&["install", "--cache-dir", "{root}/tmp/cache", "gamma"])
            .from("http-cache", &CHAIN),
        again("install-other-xdg", &["install", "gamma"]).env("XDG_CACHE_HOME", "{root}/tmp/xdg"),
        again("install-warm-refused", &["install", "--retries", "0", "gamma"])
            .with(|wanted, _| wanted == "newest")
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .from("http-cache", &CHAIN),
        Scenario::new("download-again", &["download", "-d", "wheels", "gamma"])
            .everywhere()
            .after(&["download", "-d", "wheels", "gamma"])
            .from("destination", &CHAIN),
        Scenario::new("download-elsewhere-again", &["download", "-d", "other", "gamma"])
            .after(&["download", "-d", "wheels", "gamma"])
            .from("http-cache", &CHAIN),
        Scenario::new("download-corrupt", &["download", "-d", "wheels", "gamma"])
            .with(checks_pages)
            .prepare(|place, _| write(place, &format!("app/wheels/{ALPHA}"), "no wheel")),
        Scenario::new("download-corrupt-unchecked", &["download", "-d", "wheels", "gamma"])
            .with(|wanted, _| wanted == "22.3.1")
            .fails()
            .prepare(|place, _| write(place, &format!("app/wheels/{ALPHA}"), "no wheel"))
            .from("failed", &[ALPHA]),
        Scenario::new("wheel-again", &["wheel", "-w", "wheels", "gamma"])
            .after(&["wheel", "-w", "wheels", "gamma"])
            .from("destination", &CHAIN),
        Scenario::new("chunked", &["install", "alpha"]).rules(json!([{"match": "*.whl", "length": false}])),
        Scenario::new("revalidated", &["install", "alpha"])
            .after(&["install", "alpha"])
            .rules(json!([{"match": "*", "json": false}]))
            .from("http-cache", &[ALPHA]),
        again("no-longer-cacheable", &["install", "gamma"])
            .rules(json!([{"match": "*", "cache": false}]))
            .from("http-cache", &CHAIN),
        Scenario::new("uncacheable", &["install", "gamma"]).rules(json!([{"match": "*", "cache": false}])),
    ]
}

fn sources() -> Vec<Scenario> {
    let isolated = |name| Scenario::new(name, &["install", "isolated"]);
    vec![
        isolated("isolated").everywhere().from("built", &[BUILT]),
        isolated("isolated-terminal").streams(Streams::Terminal).from("built", &[BUILT]),
        isolated("isolated-together").streams(Streams::Together).from("built", &[BUILT]),
        Scenario::new("isolated-quiet", &["install", "-q", "isolated"]).from("built", &[BUILT]),
        isolated("isolated-warm")
            .everywhere()
            .after(&["download", "--no-deps", "isolated"])
            .from("http-cache", &[SDIST, BACKEND])
            .from("built", &[BUILT]),
        Scenario::new("isolated-no-cache", &["install", "--no-cache-dir", "isolated"]).from("built", &[BUILT]),
        isolated("isolated-again").everywhere().after(&["install", "isolated"]).from("wheel-cache", &[BUILT]),
        Scenario::new("wheel-isolated", &["wheel", "--no-deps", "-w", "wheels", "isolated"])
            .everywhere()
            .from("built", &[BUILT]),
        Scenario::new("wheel-isolated-again", &["wheel", "--no-deps", "-w", "other", "isolated"])
            .everywhere()
            .after(&["wheel", "--no-deps", "-w", "wheels", "isolated"])
            .from("wheel-cache", &[BUILT]),
        Scenario::new("download-isolated", &["download", "--no-deps", "isolated"]),
        Scenario::new("dynamic", &["install", "dynamic"])
            .build(&[ALPHA])
            .from("built", &["dynamic-1.0-py3-none-any.whl"]),
        Scenario::new("in-process", &["install", "--use-feature=inprocess-build-deps", "isolated"])
            .with(|wanted, _| wanted == "newest")
            .from("built", &[BUILT]),
        Scenario::new("plain", &["install", "plain"]).from("built", &["plain-1.0-py3-none-any.whl"]),
        Scenario::new("legacy", &["install", "legacy"])
            .everywhere()
            .build(&["setuptools-99.0-py3-none-any.whl", "wheel-99.0-py3-none-any.whl"])
            .from("built", &["legacy-1.0-py3-none-any.whl"]),
        Scenario::new("directory", &["install", "./plain-1.0"])
            .prepare(unpack)
            .from("built", &["plain-1.0-py3-none-any.whl"]),
        Scenario::new("editable", &["install", "-e", "./plain-1.0"])
            .prepare(unpack)
            .from("built", &["plain-1.0-py3-none-any.whl"]),
        Scenario::new("vcs", &["install", "git+file://{root}/app/plain-1.0#egg=plain"])
            .prepare(|place, index| {
                unpack(place, index);
                commit(&place.root().join("app/plain-1.0"));
            })
            .from("built", &["plain-1.0-py3-none-any.whl"]),
    ]
}

fn places() -> Vec<Scenario> {
    let wheelhouse = |place: &Place, index: &Index| index.fill(&place.root().join("app/house"), &CHAIN);
    vec![
        Scenario::new("no-index", &["install", "--no-index", "--find-links", "house", "gamma"])
            .everywhere()
            .prepare(wheelhouse)
            .from("wheelhouse", &CHAIN),
        Scenario::new("no-index-download", &["download", "--no-index", "-f", "house", "-d", "wheels", "gamma"])
            .prepare(wheelhouse)
            .from("wheelhouse", &CHAIN),
        Scenario::new("no-index-variables", &["install", "gamma"])
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", "{root}/app/house")
            .prepare(wheelhouse)
            .from("wheelhouse", &CHAIN),
        Scenario::new("no-index-missing", &["install", "--no-index", "--find-links", "house", "big"])
            .fails()
            .prepare(wheelhouse),
        Scenario::new("no-index-isolated", &["install", "--no-index", "-f", "{root}/app/house", "isolated"])
            .prepare(|place, index| index.fill(&place.root().join("app/house"), &[SDIST, BACKEND]))
            .from("wheelhouse", &[SDIST, BACKEND])
            .from("built", &[BUILT]),
        Scenario::new("house-and-index", &["install", "--find-links", "house", "gamma"]).prepare(wheelhouse),
        Scenario::new("house-newer", &["install", "--find-links", "house", "alpha==1.1"])
            .prepare(wheelhouse)
            .rules(json!([{"match": "*/alpha/", "status": 404}]))
            .from("wheelhouse", &[ALPHA]),
        Scenario::new("path", &["install", "house/alpha-1.1-py3-none-any.whl"])
            .prepare(wheelhouse)
            .from("local", &[ALPHA]),
        Scenario::new("url", &["install", "https://files.example{path alpha-1.1-py3-none-any.whl}"]),
        Scenario::new("url-requirements", &["install", "-r", "r.txt"])
            .with(|wanted, _| matches!(wanted, "20.3.4" | "24.0" | "newest"))
            .prepare(|place, index| {
                let url = index.expand("https://files.example{path beta-1.0-py3-none-any.whl}");
                write(place, "app/r.txt", &format!("alpha\n{url}\n"));
            }),
        Scenario::new("url-warm", &["install", "https://files.example{path alpha-1.1-py3-none-any.whl}"])
            .after(&["install", "https://files.example{path alpha-1.1-py3-none-any.whl}"])
            .from("http-cache", &[ALPHA]),
    ]
}

fn indexes() -> Vec<Scenario> {
    let other = ["install", "--index-url", "https://index.example/simple/", "gamma"];
    let mirror = json!([{"match": "*/simple/*", "files": "https://mirror.example/pypi"}]);
    vec![
        Scenario::new("mirror", &other).everywhere().rules(mirror.clone()),
        Scenario::new("mirror-warm", &other).rules(mirror),
        Scenario::new("html", &["install", "gamma"]).rules(json!([{"match": "*", "json": false}])),
        Scenario::new("no-hashes", &["install", "gamma"])
            .rules(json!([{"match": "*", "json": false, "hashes": false}])),
        Scenario::new("redirect", &["install", "alpha"]).everywhere().rules(json!([
            {"match": "{files}/*", "redirect": "https://mirror.example"}, {"match": "{index}/*", "redirect": "https://index.example"}])),
        Scenario::new("extra-index", &["install", "--extra-index-url", "https://index.example/simple", "gamma"])
            .rules(json!([{"match": "index.example/*/beta/", "status": 404}])),
        Scenario::new("auth", &["install", "--index-url", "https://alice:opensesame@index.example/simple", "alpha"])
            .everywhere()
            .rules(json!([{"match": "index.example/*", "auth": "alice:opensesame", "files": "https://index.example"}])),
        Scenario::new("auth-netrc", &["install", "--index-url", "https://index.example/simple", "alpha"])
            .prepare(|place, _| write(place, "home/.netrc", "machine index.example login alice password opensesame\n"))
            .rules(json!([{"match": "index.example/*", "auth": "alice:opensesame", "files": "https://index.example"}])),
        Scenario::new("auth-missing", &["install", "--no-input", "alpha"]).fails()
            .rules(json!([{"match": "{index}/*", "auth": "alice:opensesame"}])),
        Scenario::new("port", &["install", "--index-url", "https://localhost:{https}/simple/", "gamma"])
            .rules(json!([{"match": "*", "files": "https://127.0.0.1:{https}"}])),
        Scenario::new("without-tls", &["install", "--index-url", "http://localhost:{http}/simple/", "gamma"])
            .rules(json!([{"match": "*", "files": "http://localhost:{http}"}])),
        Scenario::new("self-check", &["install", "alpha"]).no_env("PIP_DISABLE_PIP_VERSION_CHECK"),
    ]
}

fn failures() -> Vec<Scenario> {
    vec![
        Scenario::new("cut", &["install", "--retries", "1", "gamma"])
            .fails()
            .everywhere()
            .rules(json!([{"match": "*/beta-*.whl", "cut": 1500, "ranges": false}])),
        Scenario::new("cut-once", &["install", "gamma"])
            .may_fail()
            .everywhere()
            .rules(json!([{"match": "*/gamma-*.whl", "cut": 20000, "times": 1}])),
        Scenario::new("wrong-hash", &["install", "gamma"])
            .fails()
            .with(checks_pages)
            .rules(json!([{"match": "*/alpha/", "hashes": "wrong"}]))
            .refused(&[ALPHA]),
        // One of three that are fetched before any is looked at; pip does not say which.
        Scenario::new("wrong-hash-first", &["install", "gamma"])
            .fails()
            .with(checks_pages)
            .rules(json!([{"match": "*/gamma/", "hashes": "wrong"}]))
            .refused(&[GAMMA]),
        Scenario::new("wrong-hash-unkept", &["install", "gamma"])
            .fails()
            .rules(json!([{"match": "*/beta/", "hashes": "wrong"}, {"match": "*/beta-*", "cache": false}]))
            .refused(&[BETA]),
        Scenario::new("wrong-hash-html", &["install", "gamma"])
            .fails()
            .with(|wanted, _| matches!(wanted, "22.3.1" | "24.0"))
            .rules(json!([{"match": "*/beta/", "hashes": "wrong"}, {"match": "*", "json": false}]))
            .refused(&[BETA]),
        Scenario::new("wrong-promise", &["install", "-r", "hashes.txt"])
            .fails()
            .prepare(|place, _| write(place, "app/hashes.txt", &format!("alpha==1.1 --hash=sha256:{:064}\n", 0)))
            .refused(&[ALPHA]),
        Scenario::new("right-promise", &["install", "-r", "hashes.txt"]).prepare(|place, index| {
            let digest = super::support::tree::digest(&fs::read(index.file(ALPHA)).unwrap());
            write(place, "app/hashes.txt", &format!("alpha==1.1 --hash=sha256:{digest}\n"));
        }),
        Scenario::new("busy-file", &["install", "alpha"]).rules(json!([{"match": "*.whl", "status": 503, "times": 1}])),
        Scenario::new("busy-page", &["install", "--retries", "1", "alpha"])
            .fails()
            .rules(json!([{"match": "*/alpha/", "status": 503}])),
        Scenario::new("missing-file", &["install", "gamma"])
            .fails()
            .rules(json!([{"match": "*/beta-*.whl", "status": 404}])),
        Scenario::new("missing-project", &["install", "no-such-package"]).fails().everywhere(),
        Scenario::new("missing-version", &["install", "alpha==9"]).fails(),
        Scenario::new("refused", &["install", "--retries", "1", "alpha"])
            .fails()
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .unanswered(),
        Scenario::new("refused-silently", &["install", "--retries", "0", "alpha"])
            .fails()
            .everywhere()
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .unanswered(),
        Scenario::new("refused-url", &["install", "--retries", "0", "https://127.0.0.1:1/alpha-1.1-py3-none-any.whl"])
            .fails()
            .unanswered(),
        Scenario::new("untrusted", &["install", "--retries", "0", "alpha"]).fails().no_env("PIP_CERT").unanswered(),
        Scenario::new("failing", &["install", "failing"]).fails().everywhere(),
        Scenario::new("failing-together", &["install", "failing"]).fails().everywhere().streams(Streams::Together),
        Scenario::new("failing-terminal", &["install", "failing"]).fails().streams(Streams::Terminal),
        // It fails right after the pip that installs what it needs, of whose end a terminal's spinner is not logged.
        Scenario::new("unready-terminal", &["install", "unready"])
            .fails()
            .with(|_, release| release >= (22, 0))
            .streams(Streams::Terminal),
        // It fails right after a second one.
        Scenario::new("undone-terminal", &["install", "undone"])
            .fails()
            .everywhere()
            .streams(Streams::Terminal)
            .build(&[ALPHA]),
        Scenario::new("undone", &["install", "undone"]).fails().everywhere().build(&[ALPHA]),
        Scenario::new("failing-quiet", &["install", "-q", "failing"]).fails().everywhere(),
        Scenario::new("failing-wheel", &["wheel", "failing", "gamma"]).fails(),
        Scenario::new("orphan", &["install", "orphan"]).fails().everywhere(),
        Scenario::new("orphan-together", &["install", "orphan"]).fails().streams(Streams::Together),
    ]
}

fn settings() -> Vec<Scenario> {
    vec![
        Scenario::new("isolated-mode", &["--isolated", "install", "--cert", "{certificate}", "gamma"]).everywhere(),
        Scenario::new("disguised", &["install", "gamma"]).env("PIP_QUIET", "1"),
        Scenario::new("configured", &["install", "gamma"]).prepare(|place, _| {
            write(place, "home/.config/pip/pip.conf", "[global]\nindex-url = https://index.example/simple\n")
        }),
        Scenario::new("list", &["list"]).everywhere().unrecorded(),
        Scenario::new("version", &["--version"]).unrecorded(),
        Scenario::new("freeze", &["freeze"]).after(&["install", "gamma"]).installed().unrecorded(),
        Scenario::new("configuration", &["config", "list"]).unrecorded(),
        Scenario::new("bad-option", &["install", "--no-such-option"]).fails(),
        Scenario::new("nothing", &[]).unrecorded(),
    ]
}

fn logs() -> Vec<Scenario> {
    let log = "{root}/app/own.log";
    // The log is older than the cache.
    let again = |name, arguments: &[&str]| {
        Scenario::new(name, arguments).after(&["list", "--log", log]).after(&["install", "gamma"])
    };
    vec![
        Scenario::new("log-option", &["install", "--log", log, "gamma"]).everywhere(),
        // A nested pip is heard through its parent's log only, which repeats not all of it.
        Scenario::new("log-option-first", &["--log-file=own.log", "install", "isolated"])
            .unseen(&["tiny-backend"])
            .from("built", &[BUILT]),
        Scenario::new("log-variable", &["install", "isolated"])
            .everywhere()
            .env("PIP_LOG", log)
            .from("built", &[BUILT]),
        Scenario::new("log-file-variable", &["install", "gamma"]).env("PIP_LOG_FILE", log),
        Scenario::new("log-local-variable", &["install", "gamma"]).env("PIP_LOCAL_LOG", log),
        Scenario::new("log-empty", &["install", "gamma"]).env("PIP_LOG", ""),
        Scenario::new("log-continued", &["install", "--log", log, "gamma"]).after(&[
            "install",
            "--log",
            log,
            "alpha==1.0",
        ]),
        again("log-stale", &["install", "--log", log, "gamma"]).from("http-cache", &CHAIN),
        Scenario::new("log-failing", &["install", "--log", log, "failing"]).fails(),
        Scenario::new("log-user", &["install", "gamma"])
            .prepare(|place, _| own_log(place, "home/.config/pip/pip.conf")),
        Scenario::new("log-site", &["install", "gamma"]).prepare(|place, _| own_log(place, "venv/pip.conf")),
        Scenario::new("log-file", &["install", "gamma"])
            .env("PIP_CONFIG_FILE", "{root}/app/my.conf")
            .prepare(|place, _| own_log(place, "app/my.conf")),
        Scenario::new("log-both", &["install", "--log", log, "isolated"])
            .env("PIP_LOG", "{root}/app/other.log")
            .unseen(&["tiny-backend"])
            .from("built", &[BUILT]),
        Scenario::new("log-isolated", &["--isolated", "--cert", "{certificate}", "install", "gamma"])
            .env("PIP_LOG", log)
            .prepare(|place, _| own_log(place, "home/.config/pip/pip.conf")),
    ]
}

fn quiet() -> Vec<Scenario> {
    vec![
        Scenario::new("quiet-big", &["install", "-q", "big"]).everywhere(),
        Scenario::new("quieter", &["install", "-qq", "gamma"]),
        // Without a log: nothing is shown, so nothing is known.
        Scenario::new("isolated-quiet-terminal", &["install", "-q", "isolated"])
            .everywhere()
            .streams(Streams::Terminal)
            .unseen(&["isolated", "tiny-backend", SDIST, BACKEND, "tiny_backend-1.0-py3-none-any.whl.metadata"]),
        Scenario::new("verbose", &["install", "-v", "gamma"]),
        Scenario::new("verbose-isolated", &["install", "-vv", "isolated"]).from("built", &[BUILT]),
        Scenario::new("raw-bar", &["install", "--progress-bar", "raw", "big"]).with(|wanted, _| wanted == "newest"),
        Scenario::new("no-bar", &["install", "--progress-bar", "off", "big"]),
        Scenario::new("colour", &["install", "big"]).env("FORCE_COLOR", "1"),
    ]
}

/// Whether a pip looks at the hashes that JSON pages promise: pip 22.3 does not.
fn checks_pages(wanted: &str, _: (u32, u32)) -> bool {
    wanted != "22.3.1"
}

fn write(place: &Place, path: &str, text: &str) {
    let path = place.root().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A configuration that asks for a log.
fn own_log(place: &Place, path: &str) {
    write(place, path, &format!("[global]\nlog = {}\n", place.root().join("app/own.log").display()));
}

/// The sources of `plain` in the working directory.
fn unpack(place: &Place, index: &Index) {
    let archive = index.file("plain-1.0.tar.gz");
    let done = Command::new("tar").arg("-xzf").arg(archive).current_dir(place.root().join("app")).status().unwrap();
    assert!(done.success());
}

/// Makes `directory` a repository with one commit, the same each time.
fn commit(directory: &Path) {
    let identity = ["-c", "user.name=A", "-c", "user.email=a@host.example", "-c", "core.hooksPath=/dev/null"];
    for arguments in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "One"]] {
        let mut git = Command::new("git");
        git.args(identity).args(arguments).current_dir(directory).env("HOME", directory);
        git.env("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z").env("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z");
        assert!(git.status().unwrap().success());
    }
}
