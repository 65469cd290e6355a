use super::*;

fn parse(line: &str) -> Command {
    Command::parse(line.split_whitespace().map(OsString::from).collect())
}

#[test]
fn finds_the_build_and_what_it_names() {
    for (line, kind, file, context) in [
        ("docker build .", Kind::Build, None, Some(".")),
        ("/usr/bin/docker -H tcp://x image build -t a -f D --build-arg A=b ctx", Kind::Build, Some("D"), Some("ctx")),
        ("docker --context x buildx build --file=D -ta --load . --progress plain", Kind::Buildx, Some("D"), Some(".")),
        ("docker build -qfD -", Kind::Build, Some("D"), Some("-")),
        ("docker build --no-cache --target x -- -odd", Kind::Build, None, Some("-odd")),
        ("docker compose -f c.yml --profile a build api", Kind::Compose, None, None),
        ("docker-compose -fc.yml --project-directory=x build", Kind::Compose, None, None),
        ("docker buildx --builder x bake -f D --set a.args.x=y api", Kind::Bake, Some("D"), None),
        ("docker run build", Kind::Other, None, None),
        ("make build", Kind::Other, None, None),
    ] {
        let command = parse(line);
        let named = command.file.as_ref().map(|(_, file)| file.to_str().unwrap());
        assert_eq!((command.kind, named), (kind, file), "{line}");
        assert_eq!(command.context().map(OsString::as_os_str), context.map(OsStr::new), "{line}");
    }
    assert!(parse("docker build -qt x .").quiet);
    assert!(parse("docker build --pull .").pulls && !parse("docker build --pull=false .").pulls);
    for line in ["docker buildx --builder x build .", "docker build --builder=x ."] {
        assert_eq!(parse(line).builder.as_deref(), Some(OsStr::new("x")), "{line}");
    }
    assert_eq!(parse("docker -H x build .").client(), ["docker", "-H", "x"]);
    assert_eq!(parse("docker-compose -f x build").client(), ["docker"]);
    let named = parse("docker build --build-context base=docker-image://x --build-context=y=../y .").contexts;
    let names = [("base", "docker-image://x"), ("y", "../y")].map(|(name, at)| (name.to_owned(), at.to_owned()));
    assert_eq!(named, names);
    let several = parse("docker compose -f a --file=b --progress tty build --build-arg X=y api other");
    assert_eq!(several.operands, ["api", "other"]);
    assert_eq!(several.progress.as_deref(), Some(OsStr::new("tty")));
    let files: Vec<_> = several.before.into_iter().map(|(name, value)| (name, value.unwrap())).collect();
    let pair = |name: &str, value: &str| (name.to_owned(), OsString::from(value));
    assert_eq!(files, [pair("-f", "a"), pair("--file", "b"), pair("--progress", "tty")]);
}

#[test]
fn cuts_the_network_off_or_says_which_was_asked_for() {
    let line = |line: &str| parse(line).cut_off().map(|command| command.words.join(OsStr::new(" ")));
    assert_eq!(line("docker build -t a ."), Ok("docker build --network=none -t a .".into()));
    assert_eq!(line("docker buildx build --network none ."), Ok("docker buildx build --network none .".into()));
    assert_eq!(line("docker build --network=host ."), Err("host".into()));
}

#[test]
fn puts_another_dockerfile_in_its_place() {
    let line = |line: &str, context: Option<&str>| {
        let words = parse(line).rewritten(OsStr::new("/t/D"), context.map(OsStr::new), &["--x".into()]);
        words.join(OsStr::new(" ")).into_string().unwrap()
    };
    assert_eq!(line("docker build -t a -f D .", None), "docker build --file /t/D --x -t a .");
    assert_eq!(line("docker build -qf D .", None), "docker build --file /t/D --x -q .");
    assert_eq!(line("docker build -fquick .", None), "docker build --file /t/D --x .");
    assert_eq!(line("docker build - --file=D", Some("/e")), "docker build --file /t/D --x /e");
}
