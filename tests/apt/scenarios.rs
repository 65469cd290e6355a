//! Runs of apt: how the chroot is prepared, the command, and what the session has to say of packages.

use crate::support::streams::Streams;

/// One run. `{site}` stands for the server; its files are also at `/srv/lab`.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The sources list.
    pub(crate) sources: &'static str,
    /// Commands before the run. Indexes are up to date already, unless this begins with `cold`.
    pub(crate) before: &'static str,
    pub(crate) command: &'static str,
    /// Name and origin of each package file of the session; `None` if there must be no session.
    pub(crate) expected: Option<&'static [&'static str]>,
    /// What the session has to name as missing.
    pub(crate) missing: &'static [&'static str],
    /// Whether the session has to say that it does not know all.
    pub(crate) incomplete: bool,
    /// Whether attempts do not reach the server.
    pub(crate) unanswered: bool,
    pub(crate) streams: Streams,
}

const LAB: &str = "deb [trusted=yes] {site}/lab lab main";

const PLAIN: Scenario = Scenario {
    name: "",
    sources: LAB,
    before: "",
    command: "",
    expected: Some(&[]),
    missing: &[],
    incomplete: false,
    unanswered: false,
    streams: Streams::Apart,
};

impl Scenario {
    /// Everything before the run.
    pub(crate) fn setup(&self) -> String {
        let sources = self.sources.replace('\n', "\\n");
        // apt shuffles the indexes of a repository, else.
        let sources = format!(
            "rm -rf /etc/apt/sources.list.d/*; printf '{sources}\\n' >/etc/apt/sources.list\n\
             echo 'Acquire::IndexTargets::Randomized \"false\";' >/etc/apt/apt.conf.d/01order"
        );
        let rest = match self.before.strip_prefix("cold") {
            Some(rest) => rest.to_owned(),
            None => format!("apt-get update\n{}", self.before),
        };
        format!("{sources}\n{rest}")
    }
}

const SIGNED: &str = "deb [signed-by=/etc/apt/lab.gpg] {site}/signed lab main";
const SIGNED_COLD: &str = "cold cp /srv/lab/signed.gpg /etc/apt/lab.gpg; chmod 644 /etc/apt/lab.gpg";
const SIGNED_WARM: &str = "cold cp /srv/lab/signed.gpg /etc/apt/lab.gpg; chmod 644 /etc/apt/lab.gpg; apt-get update";

const INSTALL: &str = "apt-get install -y lab-dep";
const BOTH_FETCHED: &[&str] = &["lab-dep downloaded", "lab-hello downloaded"];
const BOTH_CACHED: &[&str] = &["lab-dep archive-cache", "lab-hello archive-cache"];
const ONE_CACHED: &[&str] = &["lab-dep downloaded", "lab-hello archive-cache"];
const HAVE_BOTH: &str = "apt-get install -y -d lab-dep";
const HAVE_HELLO: &str = "apt-get install -y -d lab-hello";

pub(crate) const SCENARIOS: &[Scenario] = &[
    // Indexes.
    Scenario { name: "update", before: "cold", command: "apt-get update", ..PLAIN },
    Scenario { name: "update-current", command: "apt-get update", ..PLAIN },
    Scenario { name: "update-qq", before: "cold", command: "apt-get update -qq", ..PLAIN },
    Scenario {
        name: "update-changed",
        before: "sed -i s,/lab,/changed, /etc/apt/sources.list; apt-get update; sed -i s,/changed,/lab, /etc/apt/sources.list",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-sources",
        sources: "deb [trusted=yes] {site}/lab lab main\ndeb-src [trusted=yes] {site}/lab lab main",
        before: "cold",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-flat",
        sources: "deb [trusted=yes] {site}/flat ./",
        before: "cold",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-file",
        sources: "deb [trusted=yes] file:/srv/lab/flat ./",
        before: "cold",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-copy",
        sources: "deb [trusted=yes] copy:/srv/lab/flat ./",
        before: "cold",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-redirect",
        sources: "deb [trusted=yes] {site}/redirect/lab lab main",
        before: "cold",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-error",
        sources: "deb [trusted=yes] {site}/error/lab lab main",
        before: "cold",
        command: "apt-get -o Acquire::Retries=1 update",
        ..PLAIN
    },
    Scenario {
        name: "update-bad-index",
        sources: "deb [trusted=yes] {site}/badindex lab main",
        before: "cold",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-refused",
        sources: "deb [trusted=yes] http://127.0.0.1:9/lab lab main",
        before: "cold",
        command: "apt-get -o Acquire::Retries=1 update",
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "update-unresolved",
        sources: "deb [trusted=yes] http://no-such-host.invalid/lab lab main",
        before: "cold",
        command: "apt-get -o Acquire::Retries=0 update",
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "update-mirror",
        sources: "deb [trusted=yes] mirror+file:/etc/apt/mirrors lab main",
        before: "cold printf '{site}/nosuch\\tpriority:1\\n{site}/lab\\tpriority:2\\n' >/etc/apt/mirrors",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-by-patches",
        sources: "deb [trusted=yes] {site}/next lab main",
        before: "/usr/lib/apt/apt-helper download-file {site}/advance /tmp/advance; rm -f /tmp/advance",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario { name: "update-signed", sources: SIGNED, before: SIGNED_COLD, command: "apt-get update", ..PLAIN },
    Scenario {
        name: "update-signed-current",
        sources: SIGNED,
        before: SIGNED_WARM,
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "update-signature-unknown",
        sources: SIGNED,
        before: "cold cp /dev/null /etc/apt/lab.gpg",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "changelog",
        command: "apt-get -o Acquire::Changelogs::AlwaysOnline=true \
                  -o Acquire::Changelogs::URI::Origin::Lab={site}/lab/pool/@CHANGEPATH@ changelog lab-a",
        ..PLAIN
    },
    // Packages and the archives.
    Scenario {
        name: "install-signed",
        sources: SIGNED,
        before: SIGNED_WARM,
        command: INSTALL,
        expected: Some(BOTH_FETCHED),
        ..PLAIN
    },
    Scenario {
        name: "interrupted",
        sources: "deb [trusted=yes] {site}/slow/lab lab main",
        // With all of its methods, and not before something of the file is there.
        command: "cd /var/cache/apt/archives/partial; setsid apt-get -y -d install lab-big & apt=$!; \
            while kill -0 $apt && ! [ -s lab-big_1.0_all.deb ]; do sleep 0.05; done; kill -s TERM -- -$apt; wait $apt; echo $?; rm *",
        expected: Some(&["lab-big failed"]),
        ..PLAIN
    },
    Scenario {
        name: "build-dep",
        sources: "deb [trusted=yes] {site}/lab lab main\ndeb-src [trusted=yes] {site}/lab lab main",
        before: "apt-get install -y -d lab-a",
        command: "apt-get build-dep -y lab-src",
        expected: Some(&["build-essential downloaded", "lab-a archive-cache"]),
        ..PLAIN
    },
    Scenario {
        name: "full-archives",
        command: "apt-get -o Dir::Cache::archives=/opt/wheeltap/small install -y lab-big",
        ..PLAIN
    },
    Scenario { name: "install", command: INSTALL, expected: Some(BOTH_FETCHED), ..PLAIN },
    Scenario {
        name: "install-terminal",
        command: INSTALL,
        expected: Some(BOTH_FETCHED),
        streams: Streams::Terminal,
        ..PLAIN
    },
    Scenario {
        name: "install-together",
        command: INSTALL,
        expected: Some(BOTH_FETCHED),
        streams: Streams::Together,
        ..PLAIN
    },
    Scenario { name: "install-qq", command: "apt-get install -qqy lab-dep", expected: Some(BOTH_FETCHED), ..PLAIN },
    Scenario { name: "install-cached", before: HAVE_BOTH, command: INSTALL, expected: Some(BOTH_CACHED), ..PLAIN },
    Scenario { name: "install-partly", before: HAVE_HELLO, command: INSTALL, expected: Some(ONE_CACHED), ..PLAIN },
    Scenario { name: "apt-install", command: "apt install -y lab-dep", expected: Some(BOTH_FETCHED), ..PLAIN },
    Scenario {
        name: "apt-install-cached",
        before: HAVE_BOTH,
        command: "apt install -y lab-dep",
        expected: Some(BOTH_CACHED),
        ..PLAIN
    },
    Scenario { name: "fetch", command: HAVE_BOTH, expected: Some(BOTH_FETCHED), ..PLAIN },
    Scenario { name: "fetch-cached", before: HAVE_BOTH, command: HAVE_BOTH, expected: Some(BOTH_CACHED), ..PLAIN },
    Scenario { name: "fetch-partly", before: HAVE_HELLO, command: HAVE_BOTH, expected: Some(ONE_CACHED), ..PLAIN },
    Scenario {
        name: "fetch-partly-qq",
        before: HAVE_HELLO,
        command: "apt-get -qq -d install lab-dep",
        expected: Some(ONE_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "fetch-local-file-and-cached",
        before: "cp /srv/lab/changed/pool/main/lab-hello_2.0_all.deb /home/lab/x.deb; apt-get install -y -d lab-a",
        command: "apt-get install -y -d ./x.deb lab-a",
        expected: Some(&["lab-a archive-cache", "lab-hello local"]),
        ..PLAIN
    },
    Scenario {
        name: "fetch-by-relative-file-cached",
        before: "echo 'APT::Install-Recommends \"false\";' >/home/lab/my.conf; apt-get install -y -d lab-dep",
        command: "apt-get -c my.conf -d install -y lab-dep",
        expected: Some(BOTH_CACHED),
        ..PLAIN
    },
    // Asked again, apt knows no source: the configuration is gone with the pipe that it came by.
    Scenario {
        name: "fetch-cannot-be-asked-again",
        before: "mv /etc/apt/sources.list /home/lab/list; apt-get -o Dir::Etc::sourcelist=/home/lab/list install -y -d lab-dep",
        command: "echo 'Dir::Etc::sourcelist \"/home/lab/list\";' | apt-get -c /dev/stdin -d install -y lab-dep",
        incomplete: true,
        ..PLAIN
    },
    Scenario {
        name: "no-download",
        before: HAVE_BOTH,
        command: "apt-get install -y --no-download lab-dep",
        expected: Some(BOTH_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "carried",
        before: "apt-get install -y -d lab-dep; cd /home/lab; /opt/wheeltap/wheeltap archives pack; apt-get clean; \
                 /opt/wheeltap/wheeltap archives unpack; rm apt-archives.tgz",
        command: "apt-get install -y --no-download lab-dep",
        expected: Some(BOTH_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "no-download-missing",
        before: HAVE_HELLO,
        command: "apt-get install -y --no-download lab-dep",
        expected: Some(&["lab-hello archive-cache"]),
        missing: &["lab-dep=1.0"],
        ..PLAIN
    },
    Scenario {
        name: "reinstall",
        before: INSTALL,
        command: "apt-get install -y --reinstall lab-dep",
        expected: Some(&["lab-dep archive-cache"]),
        ..PLAIN
    },
    Scenario { name: "not-there", command: "apt-get install -y lab-404", expected: Some(&["lab-404 failed"]), ..PLAIN },
    Scenario {
        name: "not-there-and-cached",
        before: "apt-get install -y -d lab-a",
        command: "apt-get install -y lab-a lab-b lab-404",
        expected: Some(&["lab-404 failed", "lab-a archive-cache", "lab-b downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "not-there-beside-a-local-file",
        before: "cp /srv/lab/changed/pool/main/lab-hello_2.0_all.deb /home/lab/x.deb; apt-get install -y -d lab-a",
        command: "apt-get install -y ./x.deb lab-a lab-404",
        expected: Some(&["lab-404 failed", "lab-a archive-cache", "lab-hello local"]),
        ..PLAIN
    },
    Scenario {
        name: "fix-missing",
        command: "apt-get install -y --fix-missing lab-a lab-404",
        expected: Some(&["lab-404 failed", "lab-a downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "wrong-hash",
        command: "apt-get -o Acquire::Retries=0 install -y lab-badhash",
        expected: Some(&["lab-badhash failed"]),
        ..PLAIN
    },
    Scenario {
        name: "dropped-and-resumed",
        sources: "deb [trusted=yes] {site}/drop/lab lab main",
        command: "apt-get -o Acquire::Retries=3 install -y lab-big",
        expected: Some(&["lab-big downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "half-a-file",
        before: "head -c 1000000 /srv/lab/lab/pool/main/lab-big_1.0_all.deb >/var/cache/apt/archives/partial/lab-big_1.0_all.deb",
        command: "apt-get install -y lab-big",
        expected: Some(&["lab-big downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "a-whole-file",
        before: "cp -p /srv/lab/lab/pool/main/lab-big_1.0_all.deb /var/cache/apt/archives/partial/",
        command: "apt-get install -y lab-big",
        expected: Some(&["lab-big archive-cache"]),
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "epoch",
        command: "apt-get install -y lab-native",
        expected: Some(&["lab-native downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "upgrade",
        before: "apt-get install -y lab-hello; sed -i s,/lab,/changed, /etc/apt/sources.list; apt-get update",
        command: "apt-get upgrade -y",
        expected: Some(&["lab-hello downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "two-repositories",
        sources: "deb [trusted=yes] {site}/lab lab main\ndeb [trusted=yes] {site}/changed lab main",
        command: "apt-get install -y lab-hello=1.0",
        expected: Some(&["lab-hello downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "redirected",
        sources: "deb [trusted=yes] {site}/redirect/lab lab main",
        command: INSTALL,
        expected: Some(BOTH_FETCHED),
        ..PLAIN
    },
    Scenario {
        name: "mirrored",
        sources: "deb [trusted=yes] mirror+file:/etc/apt/mirrors lab main",
        before: "cold printf '{site}/nosuch\\tpriority:1\\n{site}/lab\\tpriority:2\\n' >/etc/apt/mirrors; apt-get update",
        command: INSTALL,
        expected: Some(BOTH_FETCHED),
        ..PLAIN
    },
    Scenario {
        name: "flat",
        sources: "deb [trusted=yes] {site}/flat ./",
        command: INSTALL,
        expected: Some(BOTH_FETCHED),
        ..PLAIN
    },
    Scenario {
        name: "file-repository",
        sources: "deb [trusted=yes] file:/srv/lab/flat ./",
        command: INSTALL,
        expected: Some(&["lab-dep local", "lab-hello local"]),
        ..PLAIN
    },
    Scenario {
        name: "copied-repository",
        sources: "deb [trusted=yes] copy:/srv/lab/flat ./",
        command: INSTALL,
        expected: Some(&["lab-dep local", "lab-hello local"]),
        ..PLAIN
    },
    Scenario {
        name: "local-file",
        before: "cp /srv/lab/changed/pool/main/lab-hello_2.0_all.deb /home/lab/x.deb",
        command: "apt-get install -y ./x.deb",
        expected: Some(&["lab-hello local"]),
        ..PLAIN
    },
    Scenario {
        name: "noisy",
        command: "apt-get install -y lab-noisy",
        expected: Some(&["lab-noisy downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "dpkg-fails",
        command: "apt-get install -y lab-broken",
        expected: Some(&["lab-broken downloaded"]),
        ..PLAIN
    },
    Scenario { name: "nothing-to-do", before: INSTALL, command: INSTALL, ..PLAIN },
    Scenario {
        name: "unknown-packages",
        command: "apt-get install -qqy no-such-package lab-a no-such-either",
        missing: &["no-such-package", "no-such-either"],
        ..PLAIN
    },
    Scenario { name: "unknown-version", command: "apt-get install -y lab-a=9.0", missing: &["lab-a=9.0"], ..PLAIN },
    Scenario {
        name: "unknown-to-download",
        command: "apt-get download no-such-package",
        missing: &["no-such-package"],
        ..PLAIN
    },
    Scenario {
        name: "unknown-file",
        command: "apt-get install -y ./absent_1.0_all.deb",
        missing: &["./absent_1.0_all.deb"],
        ..PLAIN
    },
    // What it depends on is nowhere: there is no source.
    Scenario {
        name: "unknown-dependency",
        sources: "# none",
        before: "cp /srv/lab/lab/pool/main/lab-dep_1.0_all.deb /home/lab/",
        command: "apt-get -qq install -y ./lab-dep_1.0_all.deb",
        missing: &["lab-hello"],
        ..PLAIN
    },
    Scenario { name: "declined", before: HAVE_BOTH, command: "apt-get install lab-dep", ..PLAIN },
    Scenario {
        name: "remove-and-install",
        before: INSTALL,
        command: "apt-get remove -y lab-dep lab-a+",
        expected: Some(&["lab-a downloaded"]),
        ..PLAIN
    },
    // Files in the working directory.
    Scenario {
        name: "download",
        command: "apt-get download lab-a lab-b",
        expected: Some(&["lab-a downloaded", "lab-b downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "download-again",
        before: "cd /home/lab; apt-get download lab-a",
        command: "apt-get download lab-a lab-b",
        expected: Some(&["lab-a destination", "lab-b downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "download-again-in-the-root",
        before: "cd /; apt-get download lab-a",
        command: "cd /; apt-get download lab-a lab-b",
        expected: Some(&["lab-a destination", "lab-b downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "download-archived",
        before: "apt-get install -y -d lab-a",
        command: "apt-get download lab-a",
        expected: Some(&["lab-a downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "download-as-user",
        command: "setpriv --reuid 1000 --regid 1000 --clear-groups apt-get download lab-a",
        before: "chmod 777 /opt/wheeltap/logs",
        expected: Some(&["lab-a downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "source",
        sources: "deb-src [trusted=yes] {site}/lab lab main",
        command: "apt-get source -d lab-src",
        expected: Some(&["lab-src downloaded", "lab-src downloaded", "lab-src downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "source-again",
        sources: "deb-src [trusted=yes] {site}/lab lab main",
        before: "cd /home/lab; apt-get source -d lab-src; rm *.dsc",
        command: "apt-get source -d lab-src",
        expected: Some(&["lab-src destination", "lab-src destination", "lab-src downloaded"]),
        ..PLAIN
    },
    Scenario {
        name: "source-as-user",
        sources: "deb-src [trusted=yes] {site}/lab lab main",
        before: "chmod 777 /opt/wheeltap/logs",
        command: "setpriv --reuid 1000 --regid 1000 --clear-groups apt-get source -d lab-src",
        expected: Some(&["lab-src downloaded", "lab-src downloaded", "lab-src downloaded"]),
        ..PLAIN
    },
    // Configurations.
    Scenario {
        name: "docker-image",
        before: "cat >/etc/apt/apt.conf.d/docker-clean <<'X'\n\
            DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true\"; };\n\
            APT::Update::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true\"; };\n\
            Dir::Cache::pkgcache \"\"; Dir::Cache::srcpkgcache \"\";\nX\n\
            echo 'Acquire::GzipIndexes \"true\";' >/etc/apt/apt.conf.d/docker-gzip-indexes; apt-get update; apt-get install -y -d lab-hello",
        command: INSTALL,
        expected: Some(ONE_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "users-apt-config",
        before: "echo 'APT::Install-Recommends \"false\";' >/home/lab/my.conf",
        command: "APT_CONFIG=/home/lab/my.conf apt-get install -y lab-dep",
        expected: Some(BOTH_FETCHED),
        ..PLAIN
    },
    Scenario {
        name: "users-apt-config-relative",
        before: "echo 'APT::Install-Recommends \"false\";' >/home/lab/my.conf",
        command: "APT_CONFIG=my.conf apt-get install -y lab-dep",
        expected: Some(BOTH_FETCHED),
        incomplete: true,
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "fetch-elsewhere-cached",
        before: "mkdir -p /var/cache/other/partial; apt-get -o Dir::Cache::archives=/var/cache/other install -y -d lab-dep",
        command: "apt-get -o Dir::Cache::archives=/var/cache/other install -y -d lab-dep",
        expected: Some(BOTH_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "users-apt-config-absent",
        before: HAVE_HELLO,
        command: "APT_CONFIG=/nope apt-get install -y lab-dep",
        // Ours would change apt's warning: it is not given, and the disk tells what it can.
        expected: Some(ONE_CACHED),
        incomplete: true,
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "option-file",
        before: "echo 'Dir::Cache::archives \"/var/cache/other\";' >/home/lab/my.conf; mkdir -p /var/cache/other/partial",
        command: "apt-get -c my.conf install -y lab-dep",
        expected: Some(BOTH_FETCHED),
        ..PLAIN
    },
    Scenario {
        name: "other-archives-cached",
        before: "mkdir -p /var/cache/other/partial; apt-get -o Dir::Cache::archives=/var/cache/other install -y -d lab-hello",
        command: "apt-get -o Dir::Cache::archives=/var/cache/other install -y lab-dep",
        expected: Some(ONE_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "overridden",
        before: "echo 'Dir::Bin::Methods::http \"/usr/lib/apt/methods/http\";' >/etc/apt/apt.conf.d/00methods; apt-get install -y -d lab-hello",
        command: INSTALL,
        expected: Some(ONE_CACHED),
        incomplete: true,
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "overridden-update",
        before: "cold echo 'Dir::Bin::Methods::http \"/usr/lib/apt/methods/http\";' >/etc/apt/apt.conf.d/00methods",
        command: "apt-get update",
        incomplete: true,
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "overridden-by-option",
        before: HAVE_HELLO,
        command: "apt-get -o Dir::Bin::Methods::http=/usr/lib/apt/methods/http install -y lab-dep",
        expected: Some(ONE_CACHED),
        incomplete: true,
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "hooks-cleared",
        before: "echo '#clear DPkg::Pre-Install-Pkgs;' >/etc/apt/apt.conf.d/99clear; apt-get install -y -d lab-hello",
        command: INSTALL,
        expected: Some(ONE_CACHED),
        incomplete: true,
        ..PLAIN
    },
    Scenario {
        name: "hooks-cleared-cached",
        before: "echo '#clear DPkg::Pre-Install-Pkgs;' >/etc/apt/apt.conf.d/99clear; apt-get install -y -d lab-dep",
        command: INSTALL,
        expected: Some(BOTH_CACHED),
        incomplete: true,
        ..PLAIN
    },
    Scenario {
        name: "another-root",
        before: "mkdir /alt; for name in usr bin sbin lib lib64 etc var; do ln -s /$name /alt/$name; done; rm -rf /var/lib/apt/lists/*",
        command: "apt-get -o RootDir=/alt update",
        incomplete: true,
        unanswered: true,
        ..PLAIN
    },
    Scenario {
        name: "shims-vanish-before-dpkg",
        before: "echo 'DPkg::Pre-Invoke { \"rm -rf /opt/wheeltap/shims /opt/wheeltap/wheeltap\"; };' >/etc/apt/apt.conf.d/00rm; apt-get install -y -d lab-hello",
        command: INSTALL,
        expected: Some(ONE_CACHED),
        ..PLAIN
    },
    Scenario {
        name: "shims-vanish",
        before: "echo 'APT::Update::Pre-Invoke { \"rm -rf /opt/wheeltap/shims /opt/wheeltap/wheeltap\"; };' >/etc/apt/apt.conf.d/00rm; rm -rf /var/lib/apt/lists/*",
        command: "apt-get update",
        ..PLAIN
    },
    Scenario {
        name: "no-place-for-logs",
        command: "WHEELTAP_LOG_DIR=/etc/passwd/logs apt-get install -y lab-dep",
        expected: None,
        ..PLAIN
    },
    Scenario {
        name: "full-disk-for-logs",
        command: "WHEELTAP_LOG_DIR=/opt/wheeltap/full apt-get install -y lab-dep",
        expected: None,
        ..PLAIN
    },
    Scenario {
        name: "logs-may-not-be-written",
        command: "WHEELTAP_LOG_DIR=/opt/wheeltap/read-only apt-get install -y lab-dep",
        expected: None,
        ..PLAIN
    },
    Scenario {
        name: "nested",
        before: "echo 'DPkg::Post-Invoke { \"apt-get update -qq; apt-get --version >/dev/null\"; };' >/etc/apt/apt.conf.d/00nested",
        command: "apt-get install -y lab-a",
        expected: Some(&["lab-a downloaded"]),
        ..PLAIN
    },
    // Commands that fetch nothing.
    Scenario { name: "remove", before: INSTALL, command: "apt-get remove -y lab-dep", expected: None, ..PLAIN },
    Scenario { name: "simulate", command: "apt-get install -s lab-dep", expected: None, ..PLAIN },
    Scenario { name: "print-uris", command: "apt-get install --print-uris -qq lab-dep", expected: None, ..PLAIN },
    Scenario { name: "list", command: "apt list --installed 2>/dev/null | wc -l", expected: None, ..PLAIN },
    Scenario { name: "clean", before: HAVE_BOTH, command: "apt-get clean", expected: None, ..PLAIN },
    Scenario { name: "help", command: "apt-get", expected: None, ..PLAIN },
    Scenario { name: "bad-command", command: "apt-get frobnicate", expected: None, ..PLAIN },
];
