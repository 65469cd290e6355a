use proptest::prelude::*;

use super::Redactor;

fn shape(text: &str) -> String {
    Redactor::default().text(text)
}

/// Text before and after, with no secret known.
const SHAPES: &[(&str, &str)] = &[
    ("https://u:p@h.example/x", "https://****@h.example/x"),
    ("https://alice:****@h.example/", "https://****@h.example/"),
    ("https://tok3n@h.example/simple", "https://****@h.example/simple"),
    ("https://u:p@w@h.example/x@1", "https://****@h.example/x@1"),
    ("https://u:pa/ss@h.example/x", "https://****@h.example/x"),
    ("https://u:pa?ss#1@h.example/x", "https://****@h.example/x"),
    ("https://u:p@[::1]:8080/x", "https://****@[::1]:8080/x"),
    ("pkg @ https://u:p@h.example/x.whl#sha256=ab", "pkg @ https://****@h.example/x.whl#sha256=ab"),
    ("name@https://u:p@h.example/", "name@https://****@h.example/"),
    ("git+ssh://git@h.example:org/repo.git@v1#egg=x", "git+ssh://****@h.example:org/repo.git@v1#egg=x"),
    ("svn+https://u@h.example/x", "svn+https://****@h.example/x"),
    ("https://a.example/x,https://u:p@b.example/?k=v", "https://a.example/x,https://****@b.example/?k=****"),
    ("a https://u:p@h/, https://x:y@i/ b", "a https://****@h/, https://****@i/ b"),
    ("https://h/x.whl?X-Amz-Signature=ab&e=1#sha256=cd", "https://h/x.whl?X-Amz-Signature=****&e=****#sha256=cd"),
    ("https://h/x?justatoken", "https://h/x?****"),
    ("https://h/x#access_token=ab&y=z", "https://h/x#access_token=****&y=z"),
    ("https://conda.example/t/tk-123/channel", "https://conda.example/t/****/channel"),
    ("/simple/six/?token=ab&z", "/simple/six/?token=****&z"),
    ("{\"url\": \"https://u:p@h/\"}", "{\"url\": \"https://****@h/\"}"),
    ("{\"password\": \"a b\", \"x\": 1}", "{\"password\": \"****\", \"x\": 1}"),
    ("{\\\"token\\\": \\\"ab\\\"}", "{\\\"token\\\": \\\"****\"}"),
    ("https://u:${TOKEN}@h.example/", "https://****@h.example/"),
    ("--proxy u:p@h.example:3128 -v", "--proxy ****@h.example:3128 -v"),
    ("--proxy=u@h.example:3128", "--proxy=****@h.example:3128"),
    ("--proxy u:p/w@h.example", "--proxy ****@h.example"),
    ("--trusted-host u:p@h", "--trusted-host ****@h"),
    ("PIP_PROXY=u:p@h https_proxy=u:p@h", "PIP_PROXY=****@h https_proxy=****@h"),
    ("--token ab install", "--token **** install"),
    // Whether this is a second option or a secret that begins like one cannot be told.
    ("--token --quiet", "--token ****"),
    ("--password -ab install", "--password **** install"),
    ("--password=ab install", "--password=**** install"),
    (
        "-C api-key=ab --config-settings=--build-option=token=ab",
        "-C api-key=**** --config-settings=--build-option=token=****",
    ),
    ("-C upload-password=1.2", "-C upload-password=****"),
    ("-C api-token=0~Ab", "-C api-token=****"),
    ("token = ab", "token = ****"),
    ("Authorization: Basic dTpw\nnext", "Authorization: Basic ****\nnext"),
    ("-H 'Authorization: Bearer ab.cd' x", "-H 'Authorization: Bearer ****' x"),
    ("Authorization: ab cd", "Authorization: ****"),
    ("Proxy-Authorization: Digest a=b, c=d", "Proxy-Authorization: Digest ****"),
    ("X-Auth-Token: Token ab", "X-Auth-Token: Token ****"),
    ("Cookie: a=b; c=d", "Cookie: ****"),
    ("sent Bearer abcdefgh.ij", "sent Bearer ****"),
    ("curl -u alice:pw https://h", "curl -u **** https://h"),
    ("machine h.example login alice password pw", "machine h.example login **** password ****"),
    ("default login alice account a password pw", "default login **** account **** password ****"),
    ("login alice password pw", "login **** password ****"),
    ("ENV API_TOKEN a b c", "ENV API_TOKEN ****"),
    ("RUN API_TOKEN=ab pip install x", "RUN API_TOKEN=**** pip install x"),
    ("ftp user:pw@h", "ftp ****@h"),
];

// Contract: secrets
#[test]
fn shapes_are_taken_out() {
    for (before, after) in SHAPES {
        assert_eq!(shape(before), *after);
        assert_eq!(shape(after), *after, "twice");
    }
}

// Contract: secrets
#[test]
fn text_without_secrets_is_unchanged() {
    for text in [
        "https://files.example/packages/ab/cd/six-1.16.0-py2.py3-none-any.whl#sha256=abcd",
        "https://h.example:8443/x@v1.0",
        "https://[::1]/x@y",
        "file:///srv/a@b/x.whl",
        "file:./x",
        "git+file:///r@main",
        "FROM python:3.12@sha256:0123abcd AS build",
        "docker.example/library/python:3.11-slim@sha256:ab",
        "pkg:pypi/django@1.11.1",
        "secrets==1.0",
        "token ==1.0; python_version < '3.8'",
        "google-auth=2.1.0",
        "python3-oauth=1:3.2.2+dfsg-1~bpo11+1",
        "auth>=2",
        "failed to compute cache key: \"/nosuch\" not found",
        "libpam-auth:amd64 (1.5)",
        "libsecret-1-0=0.20.5-2",
        "Setting up libsecret-1-0:amd64 (0.20.5-2) ...",
        "alice <alice@mail.example>",
        "Building wheel for keyring (setup.py): started",
        "a login or a password is wrong",
        "Using cached six-1.16.0-py2.py3-none-any.whl (11 kB)",
        "--no-auth install",
        "pip install --user six",
        "a=b:c=d",
        "Could not fetch URL https://h.example/simple/six/: connection error: x - skipping",
        "https://${USER_1}:${TOKEN}@h.example/",
        "token=${TOKEN}",
        "12:30:01",
        "::",
        "@",
        "=",
        "://",
        "https://",
        "?",
        "--proxy",
        "Bearer",
        "machine",
        "login ",
        "PWD=/app",
        "żółw: π = 3",
    ] {
        assert_eq!(shape(text), text);
    }
}

fn learned() -> Redactor {
    let arguments: [&[u8]; 9] = [
        b"pip",
        b"install",
        b"--index-url",
        b"https://canaryuser:canary%2Fp%40ss@h.example/simple",
        b"--proxy",
        b"bob7:pw12@proxy.example:1",
        b"--token",
        b"1",
        b"six",
    ];
    let environment: [(&[u8], &[u8]); 7] = [
        (b"API_TOKEN", b"s3cr3t-of-env with blank"),
        (b"USE_KEY", b"true"),
        (b"SIGNING_KEY", b"-----BEGIN KEY-----\nMIIEabcdefgh\n-----END KEY-----"),
        (b"HOME", b"/home/alice"),
        (b"PIP_EXTRA_INDEX_URL", b"https://alice:wonderland@h.example/ https://root:toor-toor@i.example/"),
        (b"HTTP_PROXY", b"proxyuser:proxypass@proxy.example:3128"),
        (b"LATIN_SECRET", b"p\xe4sswort"),
    ];
    Redactor::learn(arguments, environment)
}

// Contract: secrets
#[test]
fn what_was_learnt_is_taken_out_wherever_it_stands() {
    let redactor = learned();
    for (before, after) in [
        ("User for h.example: canaryuser", "User for h.example: ****"),
        ("xxcanary/p@ssyy", "xx****yy"),
        ("canary%2Fp%40ss canary%2fp@ss c%61nary/p@ss canary%252Fp%2540ss", "**** **** **** ****"),
        ("say pw12, not pw123 or spw12", "say ****, not pw123 or spw12"),
        ("got s3cr3t-of-env with blank.", "got ****."),
        ("MIIEabcdefgh", "****"),
        ("/home/alice/wheels of root, true 1", "/home/alice/wheels of root, true 1"),
        ("wonderland toor-toor", "**** ****"),
        ("proxyuser proxypass", "**** ****"),
        ("p\\xe4sswort", "****"),
    ] {
        assert_eq!(redactor.text(before), after, "{before}");
    }
    assert!(!format!("{redactor:?}").contains("canary"));
}

#[test]
fn arguments_and_variables_are_aware_of_names() {
    let redactor = Redactor::default();
    let arguments = |arguments: &[&str]| {
        redactor.arguments(&arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect::<Vec<_>>())
    };
    assert_eq!(arguments(&[]), Vec::<String>::new());
    assert_eq!(arguments(&["pip", "", "--token", "1", "", "x"]), ["pip", "", "--token", "****", "", "x"]);
    assert_eq!(
        arguments(&["machine", "h", "login", "u", "password", "p"]),
        ["machine", "h", "login", "****", "password", "****"]
    );
    assert_eq!(arguments(&["--header", "Authorization: a b", "six"]), ["--header", "Authorization: ****", "six"]);
    assert_eq!(redactor.variable(b"API_KEY", b"a b"), ("API_KEY".into(), "****".into()));
    assert_eq!(redactor.variable(b"API_KEY", b""), ("API_KEY".into(), "".into()));
    assert_eq!(redactor.variable(b"PIP_PROXY", b"u:p@h"), ("PIP_PROXY".into(), "****@h".into()));
    assert_eq!(redactor.variable(b"X", b"a=b \xff"), ("X".into(), "a=b \\xff".into()));
}

/// Where pip, apt, git, curl and Docker take secrets, as arguments and as text: `U` a user, `P` a password or token.
const PLACES: &[&str] = &[
    "--index-url\0https://U:P@h.example/simple",
    "--index-url=https://U:P@h.example/simple",
    "-i\0https://U:P@h.example:8443/simple/?x=P#egg=y",
    "--extra-index-url\0http://P@h.example/",
    "--find-links\0https://U:P@h.example/links.html",
    "-f\0https://h.example/f/x.whl?sig=P&se=2030",
    "--proxy\0U:P@proxy.example:3128",
    "--proxy=http://U:P@proxy.example:3128",
    "--trusted-host\0U:P@h.example",
    "pkg @ https://U:P@h.example/pkg.whl",
    "pkg@git+https://U:P@h.example/r.git@main#egg=pkg",
    "git+ssh://U@h.example:r.git",
    "-e\0svn+https://U:P@h.example/trunk#egg=x",
    "-C\0token=P",
    "--config-settings\0upload-password=P",
    "--config-settings=--global-option=--api-key=P",
    "--password\0P",
    "-o\0Acquire::http::Proxy=http://U:P@proxy.example:3128",
    "-o\0Acquire::https::h.example::Password=P",
    "-H\0Authorization: Basic P",
    "--header=Private-Token: P",
    "-u\0U:P",
    "machine\0h.example\0login\0U\0password\0P",
    "machine h.example login U password P",
    "--build-arg\0NPM_TOKEN=P",
];

/// Characters that may stand in a user or password within a URL, and within anything.
const FOR_URLS: &str = "[A-Za-z0-9._~!$*+%'\"()\\[\\]{},;&-]{0,3}";

fn redact_arguments(arguments: &str) -> (Redactor, Vec<String>) {
    let arguments: Vec<Vec<u8>> = arguments.split('\0').map(|argument| argument.as_bytes().to_vec()).collect();
    let redactor = Redactor::learn(arguments.iter().map(Vec::as_slice), []);
    let shown = redactor.arguments(&arguments);
    (redactor, shown)
}

proptest! {
    #[test]
    fn a_planted_canary_never_survives(
        places in proptest::collection::vec(proptest::sample::select(PLACES), 1..4),
        before in FOR_URLS, after in FOR_URLS, around in "\\PC{0,12}",
    ) {
        prop_assume!(!before.ends_with("${") && !after.ends_with("${"));
        let (user, password) = (format!("{before}CANARYUSER{after}"), format!("{after}CANARYPASSWORD{before}"));
        // In a query that would be the end of it.
        prop_assume!(!password.contains('&') || !places.iter().any(|place| place.contains('?')));
        let plant = |place: &str| place.replace('U', "\u{1}").replace('P', &password).replace('\u{1}', &user);
        // Capitals of the templates themselves are none of the two.
        let plant = |place: &&str| plant(&place.replace("Proxy", "proxy").replace("Password", "password")
            .replace("Private", "private").replace("NPM_TOKEN", "NxM_TOKEN"));
        let planted: Vec<String> = places.iter().map(plant).collect();
        let (redactor, shown) = redact_arguments(&format!("pip\0install\0{}\0six", planted.join("\0")));
        prop_assert!(!shown.join(" ").contains("CANARY"), "{shown:?} of {planted:?}");
        prop_assert_eq!((&*shown[1], &*shown[shown.len() - 1]), ("install", "six"));
        // The same in an environment, then alone, encoded, and in a text.
        let options: Vec<String> = planted.iter().map(|place| place.replace('\0', " ")).collect();
        let environment: Vec<_> = options.iter().map(|value| (&b"PIP_OPTIONS"[..], value.as_bytes())).collect();
        let from_environment = Redactor::learn([], environment);
        for redactor in [redactor, from_environment] {
            for name in [&user, &password].into_iter().filter(|name| planted.iter().any(|place| place.contains(*name))) {
                let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
                for text in [format!("{around} {name} {around}"), format!("{around}{encoded}{around}"), format!("x{name}y")] {
                    let redacted = redactor.text(&text);
                    prop_assert!(!redacted.contains("CANARY") && !redacted.contains("%43%41%4E"), "{redacted} of {planted:?}");
                }
            }
        }
    }

    #[test]
    fn text_of_plain_words_is_unchanged(words in proptest::collection::vec("[a-z0-9./_+-]{1,12}", 0..12)) {
        let text = words.join(" ");
        prop_assume!(!text.contains("--") && !words.iter().any(|word| ["bearer", "machine", "login", "env", "-u"].contains(&&**word)));
        prop_assert_eq!(shape(&text), text);
    }

    #[test]
    fn any_text_is_borne_and_redacted_text_is_stable(
        text in "[\\PC\0\n]{0,40}|([:/@=?#&%\"' \\-]|token|u|login|password|https|é){0,30}", secret in "\\PC{0,8}|(%[0-9A-F]{2}){4}",
    ) {
        let named = format!("--token\0{secret}");
        let redactor = redact_arguments(&named).0;
        let once = redactor.text(&text);
        prop_assert_eq!(redactor.text(&once), once);
    }
}

#[test]
fn what_ends_a_secret_stays() {
    for (text, redacted) in [
        ("token:token&:@token", "token:****&:@token"),
        ("password=abc&def:secret@host", "password=****&****@host"),
        ("token:\"token'", "token:\"****"),
    ] {
        let redactor = Redactor::learn([], []);
        assert_eq!(redactor.text(text), redacted);
        assert_eq!(redactor.text(redacted), redacted);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn time_is_linear_in_the_text() {
    let redactor = learned();
    for unit in [
        "a://",
        "a:b://",
        "a://@",
        "=",
        "key=",
        "proxy=",
        "login ",
        "machine x ",
        "env key ",
        "--token ",
        "?",
        "a://?",
        "password login ",
        "\"",
        "token=\"",
        "a:",
        "@",
        "u:p@",
        " ",
        "%",
        "key : ",
        "-u ",
        "https://h/t/",
        "c%61nary",
    ] {
        let text = unit.repeat(100_000 / unit.len());
        let start = std::time::Instant::now();
        redactor.text(&text);
        // A quadratic scan of these takes minutes.
        assert!(start.elapsed().as_secs() < 10, "{unit}: {:?}", start.elapsed());
    }
}
